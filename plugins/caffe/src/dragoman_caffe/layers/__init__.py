"""Extractors of Caffe layers, one module for each family."""

from __future__ import annotations

import importlib

from dragoman.frontends.extract import Extractors

FAMILIES = (
    "activation", "affine", "arithmetic", "convolution", "detection", "flow", "fork_activation", "fork_norm",
    "linear", "loss", "normalization", "patches", "pooling", "priors", "proposal", "python_layer", "rearrange",
    "recurrent", "reduction", "resize", "roi", "shape", "source", "transform", "yolo",
)  # fmt: skip


def extractors() -> list[Extractors]:
    """The groups of all families."""
    return [importlib.import_module(f"dragoman_caffe.layers.{family}").layers for family in FAMILIES]
