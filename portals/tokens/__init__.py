"""Stored token pairs and their refresh."""
