"""Extractors of ONNX operators, by family."""

from __future__ import annotations

import importlib

from dragoman.frontends.extract import Extractors

FAMILIES = (
    "activation", "arithmetic", "cast", "comparison", "constant", "control", "scan", "sequence", "convolution", "gather", "matrix",
    "normalization", "pooling", "recurrent", "reduction", "resize", "scatter", "shape", "slice", "softmax", "unary",
)  # fmt: skip


def extractors() -> list[Extractors]:
    """The groups of all families."""
    return [importlib.import_module(f"dragoman_onnx.layers.{family}").layers for family in FAMILIES]
