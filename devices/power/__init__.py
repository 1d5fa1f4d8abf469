"""Uninterruptible power supplies behind NUT (Network UPS Tools)."""
