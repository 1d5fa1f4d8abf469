"""Measurements, each beside its yardstick in the same run: on a noisy machine only ratios travel."""
