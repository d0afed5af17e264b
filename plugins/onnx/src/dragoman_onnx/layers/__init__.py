"""Extractors of ONNX operators, by family."""

from __future__ import annotations

import importlib

from dragoman.frontends.extract import Extractors

FAMILIES = (
    "activation", "arithmetic", "attention", "bitwise", "cast", "comparison", "constant", "control", "convolution",
    "detection", "gather", "image", "loss", "matrix", "microsoft_activation", "microsoft_attention",
    "microsoft_group_query", "microsoft_image", "microsoft_normalization", "microsoft_product", "microsoft_quantized",
    "microsoft_tensor", "ml", "normalization", "pooling", "quantization", "quantized", "random", "recurrent",
    "reduction", "resize", "scan", "scatter", "search", "sequence", "shape", "signal", "slice", "softmax", "text",
    "training", "trees", "unary", "window",
)  # fmt: skip


def extractors() -> list[Extractors]:
    """The groups of all families."""
    return [importlib.import_module(f"dragoman_onnx.layers.{family}").layers for family in FAMILIES]
