"""Barcode scanners in serial mode."""
