"""Output shapes that the user states for custom layers, which nothing else is asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dragoman.errors import UsageError, did_you_mean
from dragoman.graph.types import Shape, TensorType, dynamic, f32
from dragoman.ops.define import Contradiction, Op

if TYPE_CHECKING:
    from dragoman.graph.graph import Node


class StatedShapes:
    """Shapes by source layer, one for each output of the ``extension`` op that the layer becomes."""

    def __init__(self, shapes: Mapping[str, Sequence[Shape]]) -> None:
        self.shapes = dict(shapes)
        self.used: set[str] = set()

    def types(self, node: Node, inferred: Sequence[TensorType] = ()) -> list[TensorType] | None:
        """The node's output types, or None when nothing is stated; Contradiction when the numbers of outputs differ.

        Element types are those of ``inferred``, else the first input's.
        """
        layer = node.origin.layer if node.origin is not None else ""
        if not isinstance(node.attrs, Op) or node.attrs.version != "extension" or layer not in self.shapes:
            return None
        self.used.add(layer)
        shapes = self.shapes[layer]
        if len(shapes) != len(node.outputs):
            raise Contradiction(f"{len(shapes)} shapes are stated for {len(node.outputs)} outputs")
        kinds = [t.dtype for t in inferred]
        if len(kinds) != len(shapes):
            first = next((v.dtype for v in node.inputs if v is not None and v.dtype is not dynamic), f32)
            kinds = [first] * len(shapes)
        return [TensorType(kind, shape) for kind, shape in zip(kinds, shapes, strict=True)]

    def check_used(self, layers: Sequence[str]) -> None:
        """UsageError D110 when a shape is stated for a layer that is not there or does not become a custom op."""
        for name in self.shapes:
            if name not in self.used:
                what = f"the layer {name!r} is no custom layer" if name in layers else f"there is no layer {name!r}"
                hint = "its shape follows from its op" if name in layers else did_you_mean(name, layers)
                raise UsageError("D110", what, "--shape-of", hint)
