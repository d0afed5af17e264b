"""The extractor of layers that are OpenVINO ops already: a user's replacement puts them into source graphs."""

from __future__ import annotations

from typing import Any

from dragoman.frontends.layer import Layer
from dragoman.frontends.registry import Extractors
from dragoman.rules.source import OPENVINO


def openvino_layers(framework: str) -> Extractors:
    """The extractor that turns such layers into their ops."""
    layers = Extractors(framework)

    @layers(OPENVINO)
    def kept(layer: Layer, op: Any, *inputs: Any) -> Any:
        kind = layer.require("type", str)
        operands = [inputs[i] if i is not None else given for i, given in layer.require("operands", list)]
        try:
            return op.make(kind, *operands, **layer.require("attributes", dict))
        except (TypeError, ValueError, AttributeError) as error:
            raise layer.refuse(f"the replacement by {kind}: {error}", "see the replacements file") from None

    return layers
