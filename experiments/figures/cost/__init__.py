"""Seconds, and how they grow."""
