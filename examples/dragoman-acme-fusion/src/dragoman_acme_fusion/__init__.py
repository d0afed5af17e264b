"""Acme's replacements of sub-graphs for Dragoman."""
