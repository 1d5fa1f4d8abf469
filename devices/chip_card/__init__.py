"""Chip cards that are not there: what the simulators of card slots have in common."""
