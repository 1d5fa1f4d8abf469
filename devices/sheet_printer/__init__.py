"""A4 printers that speak IPP: asked directly, believed only for what they themselves completed."""
