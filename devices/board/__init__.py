"""Boards of lights and switches behind Modbus RTU."""
