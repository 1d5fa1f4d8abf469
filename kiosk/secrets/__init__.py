"""The terminal's secrets: where they lie, how they are made, and what it means when one is gone."""
