"""The core of Linban: rules, values, ports, journal and inter-process talk. No Qt, no HTTP, no hardware."""

__version__ = "0.1.0"
