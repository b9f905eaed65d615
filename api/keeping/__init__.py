"""Erasure, retention, who looked, what takes two people, and the service's health."""
