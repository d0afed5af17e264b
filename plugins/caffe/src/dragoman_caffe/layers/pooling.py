"""Pooling over height and width.

Behaviour: BVLC Caffe's ``pooling_layer.cpp``: sizes are rounded up; with padding, no window begins behind the image.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64
from dragoman_caffe.shapes import rank_of

layers = Extractors("caffe")

_PARAM = "pooling_param."


@dataclasses.dataclass(frozen=True)
class Pool:
    """Windows over (height, width)."""

    method: str
    kernel: tuple[int, int]
    strides: tuple[int, int]
    pads: tuple[int, int]
    ceil: bool

    def check(self, layer: Layer) -> None:
        """Refuse what Caffe aborts at."""
        if min(self.kernel) < 1 or min(self.strides) < 1:
            raise layer.refuse(f"kernel {self.kernel} and stride {self.strides}", "all must be above 0")
        if any(p >= k for p, k in zip(self.pads, self.kernel, strict=True)) and any(self.pads):
            raise layer.refuse(f"pad {self.pads} with kernel {self.kernel}", "the pad must be below the kernel")


@layers("Pooling")
def pooling(layer: Layer, op: Builder, x: Value) -> tuple[Value, ...]:
    """The largest element or the mean of each window; a second top tells where in its channel each maximum is."""
    rank_of(layer, x, 4)
    method = layer.get(_PARAM + "pool", "MAX")
    if method not in ("MAX", "AVE"):
        raise layer.refuse(f"pool: {method}", "Caffe does not compute it in the TEST phase either")
    if layer.get(_PARAM + "global_pooling", False):
        return _global(layer, op, x, method)
    pool = Pool(method, _pair(layer, "kernel", "kernel_size", 0), _pair(layer, "stride", "stride", 1),
                _pair(layer, "pad", "pad", 0), _ceil(layer))  # fmt: skip
    pool.check(layer)
    return pooled(layer, op, x, pool)


def _ceil(layer: Layer) -> bool:
    mode = layer.get(_PARAM + "round_mode", "CEIL")
    return layer.get(_PARAM + "ceil_mode", mode == "CEIL")  # type: ignore[no-any-return]


def _pair(layer: Layer, what: str, both: str, default: int) -> tuple[int, int]:
    names = (f"{_PARAM}{what}_h", f"{_PARAM}{what}_w")
    given = [layer.has(n) for n in names]
    if any(given) and (layer.has(_PARAM + both) or not all(given)):
        raise layer.refuse(f"{what} is given neither by {both} alone nor by {what}_h and {what}_w")
    if any(given):
        return layer.get(names[0], default), layer.get(names[1], default)
    number = layer.get(_PARAM + both, default)
    return number, number


def _global(layer: Layer, op: Builder, x: Value, method: str) -> tuple[Value, ...]:
    axes = op.constant([2, 3], i64)
    if method == "AVE":
        return (op.ReduceMean(x, axes, keep_dims=True),)
    return (op.ReduceMax(x, axes, keep_dims=True),)


def pooled(layer: Layer, op: Builder, x: Value, pool: Pool) -> tuple[Value, ...]:
    """The windows' maxima (and their places, where a second top is wanted) or means."""
    rounding = "floor" if not pool.ceil else "ceil_torch" if any(pool.pads) else "ceil"
    window: dict[str, Any] = {
        "kernel": pool.kernel, "strides": pool.strides, "pads_begin": pool.pads, "pads_end": pool.pads,
        "rounding_type": rounding, "auto_pad": "explicit",
    }  # fmt: skip
    if pool.method == "AVE":
        return (op.AvgPool(x, exclude_pad=False, **window),)
    y, place = op.MaxPool(x, axis=2, index_element_type="i64", **window)
    return (y, op.Convert(place, destination_type=f32)) if len(layer.outputs) > 1 else (y,)
