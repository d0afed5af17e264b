"""Type and shape inference: dimensions, broadcasting, and the engine that runs ops' own ``infer``."""
