"""Comparing a converted model with its source, run in its own framework."""
