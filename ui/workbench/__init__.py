"""The demonstration's second window, in which a person plays the world around the terminal.

Lay a card on the reader, show a code to the scanner, tear off the slip, take the paper out, pull a plug, cut the line.
It speaks to the simulators' control sockets in one folder, and to nothing of the terminal itself.
"""
