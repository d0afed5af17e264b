"""OpenVINO's ops, one class each, by family; ``families()`` imports them all."""

from __future__ import annotations

import importlib

from dragoman.ops.define import Op

FAMILIES = (
    "activation",
    "arithmetic",
    "blocks",
    "color",
    "comparison",
    "control",
    "conversion",
    "convolution",
    "creation",
    "ctc",
    "deformable",
    "detection",
    "detectron",
    "embedding",
    "gather",
    "join",
    "matrix",
    "nms",
    "normalization",
    "patches",
    "pooling",
    "proposals",
    "recurrent",
    "reduction",
    "resize",
    "roi",
    "scatter",
    "search",
    "shape",
    "signal",
    "slice",
    "state",
    "text",
    "unary",
)


def core_ops() -> list[type[Op]]:
    """Every op class of the core, in a fixed order."""
    found: list[type[Op]] = []
    for family in FAMILIES:
        module = importlib.import_module(f"dragoman.ops.{family}")
        found += [
            item
            for item in vars(module).values()
            if isinstance(item, type)
            and issubclass(item, Op)
            and item.__module__ == module.__name__
            and "type" in vars(item)
        ]
    return found
