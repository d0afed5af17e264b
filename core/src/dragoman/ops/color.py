"""Colour spaces of camera images (OpenVINO specification, *NV12toRGB* and its relatives).

NV12 and I420 store brightness (Y) of every pixel and colour (U, V) of every second one in both directions: in one plane
of 3/2 of the image's height, or in planes of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.graph.types import DYNAMIC, Dim, Shape, TensorType, Typed
from dragoman.infer.dims import add, bounds, dim_of, exact_div, merge, mul
from dragoman.lazy import np
from dragoman.ops.define import Bool, Contradiction, In, Op, op
from dragoman.ops.elementwise import REAL

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

PIXEL = ("u8", *REAL)


def _image(what: str, shape: Shape, channels: int) -> tuple[Dim, Dim, Dim]:
    """Batch, height and width of an image N, H, W, C."""
    if shape is None:
        return DYNAMIC, DYNAMIC, DYNAMIC
    if len(shape) != 4:
        raise Contradiction(f"{what} must have the dimensions N, H, W, C")
    if merge(shape[3], channels) is None:
        raise Contradiction(f"{what} must have {channels} channels")
    return shape[0], shape[1], shape[2]


def _even(what: str, size: Dim) -> None:
    if isinstance(size, int) and size % 2:
        raise Contradiction(f"the image's {what} must be even")


class _FromYuv(Op):
    """An image from brightness and colour in one plane or in several."""

    #: channels of each plane beside the first
    colors: tuple[int, ...] = ()
    #: red comes first in the image
    red_first = True

    def infer(self, plane: Typed, *colors: Typed) -> TensorType:
        if len(colors) not in (0, len(self.colors)):
            raise Contradiction(f"{self.type} takes one plane or {1 + len(self.colors)}")
        batch, height, width = _image("the plane", plane.shape, 1)
        if not colors:
            rows = exact_div(height, 3)
            if rows is None:
                raise Contradiction("the height of image and colour together must be divisible by 3")
            height = mul(rows, 2)
        for port, channels in zip(colors, self.colors, strict=False):
            n, h, w = _image("the colour plane", port.shape, channels)
            batch, height, width = _meet(batch, n), _meet(height, mul(h, 2)), _meet(width, mul(w, 2))
        _even("height", height)
        _even("width", width)
        return TensorType(plane.dtype, (batch, height, width, 3))

    def fold(self, plane: Array, *colors: Array) -> Any:
        height, width = (plane.shape[1] if colors else plane.shape[1] // 3 * 2), plane.shape[2]
        planes = colors or self.split(plane[:, height:], height // 2, width // 2)
        u, v = (planes[0][..., i : i + 1] for i in (0, 1)) if len(planes) == 1 else planes
        c = 1.164 * (plane[:, :height].astype(np.float64) - 16)
        d, e = (x.astype(np.float64).repeat(2, 1).repeat(2, 2) - 128 for x in (u, v))
        image = [c + 1.596 * e, c - 0.391 * d - 0.813 * e, c + 2.018 * d]
        out = np.clip(np.concatenate(image if self.red_first else image[::-1], -1), 0, 255)
        return (np.rint(out) if plane.dtype == np.uint8 else out).astype(plane.dtype)

    def split(self, rest: Array, height: int, width: int) -> tuple[Array, ...]:
        """The colour planes that lie behind the brightness in one plane."""
        flat = rest.reshape(rest.shape[0], -1)
        cuts = [height * width * sum(self.colors[:i]) for i in range(1, len(self.colors))]
        parts = np.split(flat, cuts, 1)
        return tuple(x.reshape(-1, height, width, n) for x, n in zip(parts, self.colors, strict=True))


def _meet(a: Dim, b: Dim) -> Dim:
    met = merge(a, b)
    if met is None:
        raise Contradiction("the planes do not belong to one image")
    return met


class _FromNv12(_FromYuv):
    """An image from NV12: U and V alternate in one plane."""

    y = In("T", *PIXEL)
    uv = In("T", *PIXEL, optional=True)
    colors = (2,)


class _FromI420(_FromYuv):
    """An image from I420: U and V in planes of their own."""

    y = In("T", *PIXEL)
    u = In("T", *PIXEL, optional=True)
    v = In("T", *PIXEL, optional=True)
    colors = (1, 1)


@op("NV12toRGB", "opset8")
class NV12toRGB(_FromNv12):
    """A red, green, blue image from NV12."""


@op("NV12toBGR", "opset8")
class NV12toBGR(_FromNv12):
    """A blue, green, red image from NV12."""

    red_first = False


@op("I420toRGB", "opset8")
class I420toRGB(_FromI420):
    """A red, green, blue image from I420."""


@op("I420toBGR", "opset8")
class I420toBGR(_FromI420):
    """A blue, green, red image from I420."""

    red_first = False


class _ToNv12(Op):
    """NV12 from an image: in one plane, or brightness and colour apart."""

    image = In("T", *PIXEL)
    single_plane = Bool(True)
    outputs = None

    def output_count(self, inputs: tuple[Any, ...]) -> int:
        return 1 if self.single_plane else 2

    def infer(self, image: Typed) -> tuple[TensorType, ...]:
        batch, height, width = _image("the image", image.shape, 3)
        _even("height", height)
        _even("width", width)
        kind = image.dtype
        if self.single_plane:
            return (TensorType(kind, (batch, _half_more(height), width, 1)),)
        color = (batch, _half(height), _half(width), 2)
        return TensorType(kind, (batch, height, width, 1)), TensorType(kind, color)


def _half(size: Dim) -> Dim:
    half = exact_div(size, 2)
    return DYNAMIC if half is None else half


def _half_more(size: Dim) -> Dim:
    lo, hi = bounds(add(size, _half(size)))
    return dim_of(lo, hi)


@op("RGBtoNV12", "opset17")
class RGBtoNV12(_ToNv12):
    """NV12 from a red, green, blue image."""


@op("BGRtoNV12", "opset17")
class BGRtoNV12(_ToNv12):
    """NV12 from a blue, green, red image."""
