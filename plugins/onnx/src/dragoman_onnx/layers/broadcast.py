"""Broadcasting of two-input operators before opset 7: only on request, and from a named axis."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Layer
from dragoman.graph.graph import Value


def lay_second(layer: Layer, op: Builder, a: Value, b: Value) -> Value:
    """The second input ready for numpy broadcasting (ONNX *Broadcasting*, attributes ``broadcast`` and ``axis``).

    Refuses where the ranks, which say how far ``b`` must be stretched, are unknown.
    """
    if layer.version >= 7:
        return b
    layer.ignore("consumed_inputs")
    wanted, axis = layer.get("broadcast", 0), layer.get("axis", None)
    if not wanted or axis is None:
        return b
    if a.shape is None or b.shape is None:
        raise layer.refuse("broadcast from an axis needs known ranks", "give the shapes with --shape")
    start = axis if axis >= 0 else axis + len(a.shape)
    behind = len(a.shape) - start - len(b.shape)
    if start < 0 or behind < 0:
        raise layer.refuse(f"the second input does not fit at axis {axis}", "the model is not valid")
    if behind == 0 or not b.shape:
        return b
    return op.Unsqueeze(b, op.constant(list(range(len(b.shape), len(b.shape) + behind))))
