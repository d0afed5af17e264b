"""A constant added before a convolution without padding becomes a bias after it; the runtime does not do this itself.

    conv(x + c, w) -> conv(x, w) + sum_i,k(w * c_i);   conv(x - c, w) -> conv(x, w) - sum_i,k(w * c_i)

``c`` is one number or one an input channel; every pad is zero (or ``auto_pad`` is ``valid``), for padding would have to
be by ``-c``. Convolution and GroupConvolution. The bias of another linear op stays: the runtime adds it for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dragoman.graph.graph import Node, Value
from dragoman.graph.tensor import Tensor
from dragoman.graph.types import static_dims
from dragoman.lazy import np
from dragoman.rules.library.scaling import LINEAR, DeferredTensor
from dragoman.rules.pattern import Trace
from dragoman.rules.rule import NoMatch, Rule

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class FoldMeanIntoBias(Rule):
    """conv(x ± c, w) -> conv(x, w) ± b."""

    after = ("FoldConstants", "FuseBatchNorm", "FuseScale")
    before = ("FusePad",)

    def pattern(self, op: Trace, x: Any, c: Any, w: Any) -> Any:
        moved = op.any_of("Add", "Subtract")(x, op.constant(c), auto_broadcast="numpy", bind="moved")
        return op.any_of("Convolution", "GroupConvolution")(moved, op.constant(w), bind="conv")

    def check(self, x: Value, c: Value, w: Value, moved: Value, conv: Value) -> Mapping[str, Any]:
        if x.producer.op in LINEAR:
            raise NoMatch(f"it is the bias of {x.producer!r}, which costs nothing where it is")
        attrs, weight = conv.producer.attrs, w.tensor
        pads = any(attrs.pads_begin) or any(attrs.pads_end)
        if attrs.auto_pad.startswith("same") or (attrs.auto_pad == "explicit" and pads):
            raise NoMatch("the convolution pads with zeros, which are not the constant")
        if weight is None or w.dtype.name not in ("f32", "f64"):
            raise NoMatch(f"sums of {w.dtype} weights may leave their range")
        if x.rank is None or x.shape != moved.shape:
            raise NoMatch("the constant broadcasts the input")
        grouped = conv.producer.op == "GroupConvolution"
        inputs = weight.shape[0] * weight.shape[2] if grouped else weight.shape[1]
        dims = static_dims(c.shape) or ()
        padded = (1,) * ((x.rank or 0) - len(dims)) + dims
        if c.tensor is None or padded[1] not in (1, inputs) or any(d != 1 for i, d in enumerate(padded) if i != 1):
            raise NoMatch("the constant is not one number, nor one an input channel")
        return {"node": conv.producer, "sign": -1.0 if moved.producer.op == "Subtract" else 1.0}

    def rewrite(self, op: Any, x: Value, c: Value, w: Value, node: Node, sign: float) -> Value:
        bias = _bias(w.tensor, c.tensor, node.op == "GroupConvolution", sign)
        result: Value = op.Add(op.add(node.attrs, (x, w)).out, op.constant(bias))
        return result


def _bias(weight: Tensor | None, constant: Tensor | None, grouped: bool, sign: float) -> Tensor:
    assert weight is not None
    assert constant is not None
    dims = weight.shape if grouped else (1, *weight.shape)
    groups, outputs, inputs = dims[:3]
    shape = (groups * outputs,) + (1,) * (len(dims) - 3)

    def make() -> Array:
        kernel = weight.numpy().reshape(groups, outputs, inputs, -1).sum(3, dtype=np.float64)
        values = np.broadcast_to(constant.numpy().astype(np.float64).reshape(-1), (groups * inputs,))
        total: Array = sign * np.einsum("goi,gi->go", kernel, values.reshape(groups, inputs))
        return total.astype(weight.dtype.numpy).reshape(shape)

    return DeferredTensor(weight.dtype, shape, make)
