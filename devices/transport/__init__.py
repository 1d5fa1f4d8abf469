"""Ways to move bytes to and from a device; what the bytes mean is the drivers' business."""
