"""Pooling over height and width, and over pyramids of it.

Behaviour: BVLC Caffe's ``pooling_layer.cpp`` and ``spp_layer.cpp``. Sizes are rounded up; only where there is padding,
a last window that begins behind the image is dropped. A mean's divisor counts the padding, and ends with it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64
from dragoman_caffe.shapes import channels, rank_of

layers = Extractors("caffe")

_PARAM = "pooling_param."
_LOWEST = -3.4028234663852886e38
_FIX = "give the input's shape with --shape"


@dataclasses.dataclass(frozen=True)
class Axis:
    """Windows along one dimension; ``size`` is None where it is not known."""

    size: int | None
    kernel: int
    stride: int
    pad: int

    @property
    def overhangs(self) -> bool:
        """A last window may reach beyond the padding, for some size."""
        return self.stride > 1 and self.kernel - self.pad > 1

    @property
    def drops(self) -> bool:
        """A last window may begin behind the image, for some size."""
        return self.stride - self.kernel + self.pad >= 1

    @property
    def last(self) -> int:
        """Where the last window begins when sizes are rounded up, counted from the image's first element."""
        assert self.size is not None
        room = self.size + 2 * self.pad - self.kernel
        return max(0, -(-room // self.stride)) * self.stride - self.pad


@dataclasses.dataclass(frozen=True)
class Pool:
    """Windows over (height, width)."""

    method: str
    kernel: tuple[int, int]
    strides: tuple[int, int]
    pads: tuple[int, int]
    ceil: bool = True

    def checked(self, layer: Layer) -> Pool:
        """The same; refuses what Caffe aborts at."""
        if min(self.kernel) < 1 or min(self.strides) < 1:
            raise layer.refuse(f"kernel {list(self.kernel)} and stride {list(self.strides)}", "all must be above 0")
        if any(self.pads) and any(p >= k for p, k in zip(self.pads, self.kernel, strict=True)):
            raise layer.refuse(
                f"pad {list(self.pads)} with kernel {list(self.kernel)}", "the pad must be below the kernel"
            )
        return self

    def within(self, layer: Layer, x: Value) -> Pool:
        """With a kernel no larger than the padded image, which makes the same single window."""
        kernel = list(self.kernel)
        for i, axis in enumerate(self.axes(x)):
            if axis.size is None or axis.size + 2 * axis.pad >= axis.kernel:
                continue
            padded = axis.size + 2 * axis.pad
            if not self.ceil or axis.kernel - padded >= axis.stride:
                raise layer.refuse(f"a window of {axis.kernel} over {padded} elements gives nothing")
            kernel[i] = padded
        return dataclasses.replace(self, kernel=(kernel[0], kernel[1]))

    def axes(self, x: Value) -> list[Axis]:
        """Height and width."""
        sizes = [d if isinstance(d, int) else None for d in (x.shape or (None,) * 4)[2:]]
        return [Axis(*numbers) for numbers in zip(sizes, self.kernel, self.strides, self.pads, strict=True)]

    def attributes(self, rounding: str, padded: bool = True) -> dict[str, Any]:
        """As OpenVINO's pooling takes them."""
        pads = self.pads if padded else (0, 0)
        return {
            "kernel": self.kernel, "strides": self.strides, "pads_begin": pads, "pads_end": pads,
            "rounding_type": rounding, "auto_pad": "explicit",
        }  # fmt: skip


@layers("Pooling")
def pooling(layer: Layer, op: Builder, x: Value) -> tuple[Value, ...]:
    """The largest element or the mean of each window; a second top tells where in its channel each maximum is."""
    rank_of(layer, x, 4)
    method = layer.get(_PARAM + "pool", "MAX")
    if method not in ("MAX", "AVE"):
        raise layer.refuse(f"pool: {method}", "Caffe pools by MAX and AVE outside training")
    if len(layer.outputs) > (most := 2 if method == "MAX" else 1):
        raise layer.refuse(f"{len(layer.outputs)} tops", f"pooling by {method} makes {most} at most")
    ceil = layer.get(_PARAM + "ceil_mode", layer.get(_PARAM + "round_mode", "CEIL") == "CEIL")
    if layer.get(_PARAM + "global_pooling", False):
        return _global(layer, op, x, method)
    sides = (
        _pair(layer, "kernel", "kernel_size", 0),
        _pair(layer, "stride", "stride", 1),
        _pair(layer, "pad", "pad", 0),
    )
    return pooled(layer, op, x, Pool(method, *sides, ceil))


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
    for what, both, default in (("kernel", "kernel_size", 0), ("stride", "stride", 1), ("pad", "pad", 0)):
        if _pair(layer, what, both, default) != (default, default):
            raise layer.refuse(f"global_pooling with a {what} of its own", "the window is the whole image")
    if len(layer.outputs) > 1:
        return pooled(layer, op, x, Pool(method, (channels(layer, x, 2), channels(layer, x, 3)), (1, 1), (0, 0)))
    axes = op.constant([2, 3], i64)
    return (op.make("ReduceMean" if method == "AVE" else "ReduceMax", x, axes, keep_dims=True),)


def pooled(layer: Layer, op: Builder, x: Value, pool: Pool) -> tuple[Value, ...]:
    """The windows' maxima (and their places, where the layer has a second top) or means."""
    pool = pool.checked(layer).within(layer, x)
    if pool.method == "AVE":
        return (_mean(layer, op, x, pool),)
    axes = pool.axes(x)
    y, place = op.MaxPool(x, axis=2, index_element_type="i64", **pool.attributes(_rounding(pool, axes)))
    if len(layer.outputs) == 1:
        return (y,)
    place = op.Convert(place, destination_type=f32)
    if pool.ceil and not any(pool.pads) and any(axis.drops for axis in axes):  # then windows may be empty
        place = op.Select(op.Equal(y, op.constant(_LOWEST, f32)), op.constant(-1.0, f32), place)
    return y, place


def _rounding(pool: Pool, axes: Sequence[Axis]) -> str:
    """The plainest mode that gives Caffe's size for images of any size."""
    if not pool.ceil or (any(pool.pads) and not any(axis.overhangs for axis in axes)):
        return "floor"
    return "ceil_torch" if any(pool.pads) and any(axis.drops for axis in axes) else "ceil"


def _mean(layer: Layer, op: Builder, x: Value, pool: Pool) -> Value:
    axes = pool.axes(x)
    rounding = _rounding(pool, axes)
    if rounding == "floor":
        return op.AvgPool(x, exclude_pad=False, **pool.attributes(rounding))
    if not any(pool.pads):
        return _mean_with_empty_windows(layer, op, x, pool)
    # the CPU plugin counts what a last window has beyond the padding, unless the padding is of the data
    ends = [axis.pad for axis in axes]
    for i, axis in enumerate(axes):
        if axis.drops:
            if axis.size is None:
                raise layer.refuse("means of windows that may begin behind an image of unknown size", _FIX)
            if axis.last >= axis.size:
                ends[i] = max(0, axis.last - axis.stride + axis.kernel - axis.size)
    zero = op.constant(0.0, f32)
    begins = op.constant([0, 0, *pool.pads], i64)
    padded = op.Pad(x, begins, op.constant([0, 0, *ends], i64), zero, pad_mode="constant")
    y: Value = op.AvgPool(padded, exclude_pad=False, **pool.attributes("ceil_torch", padded=False))
    return y


def _mean_with_empty_windows(layer: Layer, op: Builder, x: Value, pool: Pool) -> Value:
    """Without padding; a window behind the image gives 0 / 0 where it begins at its end, and 0 beyond."""
    beyond, at_end = [0, 0], [0, 0]
    for i, axis in enumerate(pool.axes(x)):
        if not axis.drops:
            continue
        if axis.size is None:
            raise layer.refuse("means of windows that may lie behind an image of unknown size", _FIX)
        if axis.last >= axis.size:
            (at_end if axis.last == axis.size else beyond)[i] = 1
    empty = any(beyond + at_end)
    y: Value = op.AvgPool(x, exclude_pad=False, **pool.attributes("ceil_torch" if empty else "ceil"))
    for ends, number in ((beyond, 0.0), (at_end, math.nan)):
        if any(ends):
            after = op.constant([0, 0, *ends], i64)
            y = op.Pad(y, op.constant([0] * 4, i64), after, op.constant(number, f32), pad_mode="constant")
    return y


@layers("SPP")
def spatial_pyramid(layer: Layer, op: Builder, x: Value) -> Value:
    """1, 4, 16 ... windows over the image, pooled and strung together; a pyramid of one level keeps four axes."""
    rank_of(layer, x, 4)
    height = layer.get("spp_param.pyramid_height", 0)
    method = layer.get("spp_param.pool", "MAX")
    if height < 1 or method not in ("MAX", "AVE"):
        raise layer.refuse(f"pyramid_height {height} and pool {method}", "at least 1 level, of MAX or AVE")
    sizes = [channels(layer, x, i) for i in (2, 3)]
    levels = [pooled(layer, op, x, _level(method, sizes, 1 << level))[0] for level in range(height)]
    if height == 1:
        return levels[0]
    flat = [op.Reshape(y, op.constant([0, -1], i64), special_zero=True) for y in levels]
    return op.Concat(*flat, axis=1)


def _level(method: str, sizes: Sequence[int], bins: int) -> Pool:
    kernel = [-(-size // bins) for size in sizes]
    pads = [(k * bins - size + 1) // 2 for k, size in zip(kernel, sizes, strict=True)]
    window = (kernel[0], kernel[1])
    return Pool(method, window, window, (pads[0], pads[1]))
