"""Signing in, people and their roles, devices."""
