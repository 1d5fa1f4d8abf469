"""Readers of the resident-card chip (SAM modules that speak SDT frames)."""
