"""The phone's and the tablet's app, and what it fetches."""
