"""Services as data: what a pack says, what it allows, and which packs this terminal offers."""
