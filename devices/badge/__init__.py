"""Staff badges behind PC/SC."""
