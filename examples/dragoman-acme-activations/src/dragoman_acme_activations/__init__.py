"""Acme's activations for Dragoman."""
