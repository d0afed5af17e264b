"""Mutated models: nothing but a DragomanError, no hang, no growth."""
