"""Fingerprint modules on a serial line."""
