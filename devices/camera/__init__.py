"""Cameras that codes are held before."""
