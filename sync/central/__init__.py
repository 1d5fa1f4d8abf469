"""The reference central platform: it stores what terminals send and tells them what became of it."""
