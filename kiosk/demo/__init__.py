"""A whole terminal with simulated devices and its own central platform, and a resident who uses it."""
