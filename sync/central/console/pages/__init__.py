"""One file a page: its ways (address, right, what it does); the look is in `templates`."""
