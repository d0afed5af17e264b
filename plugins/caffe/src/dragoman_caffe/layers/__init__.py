"""Extractors of Caffe layers, one module for each family."""

from __future__ import annotations

import importlib

from dragoman.frontends.extract import Extractors

FAMILIES = (
    "activation", "affine", "arithmetic", "convolution", "detection", "linear", "loss", "normalization", "patches",
    "pooling", "priors", "proposal", "python_layer", "recurrent", "reduction", "roi", "shape", "source",
)  # fmt: skip


def extractors() -> list[Extractors]:
    """The groups of all families."""
    return [importlib.import_module(f"dragoman_caffe.layers.{family}").layers for family in FAMILIES]
