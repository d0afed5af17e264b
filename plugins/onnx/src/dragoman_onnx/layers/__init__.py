"""Extractors of ONNX operators, by family."""

from __future__ import annotations

import importlib

from dragoman.frontends.extract import Extractors

FAMILIES = (
    "activation", "arithmetic", "bitwise", "cast", "comparison", "constant", "control", "convolution",
    "detection", "gather", "image", "matrix", "normalization", "pooling", "quantization", "quantized",
    "recurrent", "reduction", "resize", "scan", "scatter", "search", "sequence", "attention", "shape", "signal", "slice",
    "softmax", "unary",
)  # fmt: skip


def extractors() -> list[Extractors]:
    """The groups of all families."""
    return [importlib.import_module(f"dragoman_onnx.layers.{family}").layers for family in FAMILIES]
