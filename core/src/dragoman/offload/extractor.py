"""The extractor of what stands for an offloaded part, registered by the core for every framework."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.layer import Layer
from dragoman.frontends.registry import Extractors
from dragoman.offload.parts import PART, Part


def extractors(framework: str) -> Iterable[Extractors]:
    """The only one."""
    layers = Extractors(framework)

    @layers(PART, accepts_any=True)
    def offloaded(layer: Layer, op: Builder, *inputs: Any) -> Any:
        part: Part = layer.require("part", Part)
        return part.build(part, layer, op, inputs)

    return [layers]
