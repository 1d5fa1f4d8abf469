"""The line: everything that passes between a terminal and the central platform."""
