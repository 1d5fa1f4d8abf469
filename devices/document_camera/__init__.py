"""Cameras above the plate for papers (高拍仪)."""
