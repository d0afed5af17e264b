"""Prior boxes of single-shot detectors: [1, 2, boxes x 4], coordinates relative to the image and their variances.

Behaviour: the SSD fork's ``prior_box_layer.cpp`` and Intel's ``prior_box_clustered_layer.cpp``. The sizes of the
feature map and of the image are read where the model runs, so that a reshaped model keeps its meaning.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64

layers = Extractors("caffe")

_CHECK = "the model is not valid; check it with Caffe"


@layers("PriorBox")
def prior_box(layer: Layer, op: Builder, x: Value, *image: Value) -> Value:
    """Boxes of given sizes and ratios around each cell's centre: (centre +- size / 2) / image, then their variances."""
    grid = _Grid.of(layer)
    if layer.get("prior_box_param.fixed_size", []):
        return _dense(layer, op, grid, x, image)
    layer.ignore("prior_box_param.width", "prior_box_param.height")  # those of PriorBoxClustered
    sizes, largest = _sizes(layer, "min_size"), _sizes(layer, "max_size")
    if not sizes:
        raise layer.refuse("min_size is missing", _CHECK)
    if largest and (len(largest) != len(sizes) or any(b <= a for a, b in zip(sizes, largest, strict=True))):
        raise layer.refuse("every min_size needs a greater max_size", _CHECK)
    ratios = _ratios(layer)
    if grid.is_simple and _told_apart(ratios):
        return _joined(op, op.PriorBox(
            *grid.shapes(op, x, image), min_size=sizes, max_size=largest, aspect_ratio=ratios, flip=False,
            step=grid.step_h, offset=grid.offset, clip=grid.clip, variance=grid.variance, scale_all_sizes=True,
        ))  # fmt: skip
    shapes = [
        s for k, size in enumerate(sizes)
        for s in ((size, size), *_middle(size, largest[k : k + 1]), *_stretched(size, ratios))
    ]  # fmt: skip
    return _clustered(op, grid, x, image, [w for w, _ in shapes], [h for _, h in shapes])


@layers("PriorBoxClustered")
def prior_box_clustered(layer: Layer, op: Builder, x: Value, *image: Value) -> Value:
    """Boxes of given widths and heights around each cell's centre, relative to the image, then their variances."""
    grid = _Grid.of(layer)
    layer.ignore(*(f"prior_box_param.{n}" for n in ("min_size", "max_size", "aspect_ratio", "flip")))
    widths, heights = (list(layer.get(f"prior_box_param.{n}", [])) for n in ("width", "height"))
    if not widths or len(widths) != len(heights) or not all(s > 0 for s in widths + heights):
        raise layer.refuse(f"{len(widths)} widths and {len(heights)} heights, all above 0", _CHECK)
    return _clustered(op, grid, x, image, widths, heights)


@dataclasses.dataclass(frozen=True)
class _Grid:
    """What both layers share: where the centres lie, what they are divided by, clipping and variances."""

    step_h: float
    step_w: float
    offset: float
    clip: bool
    variance: list[float]
    size: tuple[int, int] | None  # (height, width) of the image, when it is told

    @classmethod
    def of(cls, layer: Layer) -> _Grid:
        """The layer's; refuses what Caffe refuses."""
        step = _two(layer, "step", "step_h", "step_w", 0.0)
        image = _two(layer, "img_size", "img_h", "img_w", 0)
        variance = list(layer.get("prior_box_param.variance", [])) or [0.1]
        if len(variance) not in (1, 4) or not all(v > 0 for v in variance):
            raise layer.refuse(f"variance {variance}", "one or four positive numbers")
        offset, clip = layer.get("prior_box_param.offset", 0.5), layer.get("prior_box_param.clip", False)
        step_h, step_w = step or (0.0, 0.0)
        return cls(step_h, step_w, offset, clip, variance * (4 // len(variance)), image)

    @property
    def is_simple(self) -> bool:
        """PriorBox can say it: it has one step, and ignores the offset where there is none."""
        return self.step_h == self.step_w and (self.step_h > 0 or self.offset == 0.5)

    def shapes(self, op: Builder, x: Value, image: tuple[Value, ...]) -> tuple[Value, Value]:
        """(height, width) of the feature map and of the image."""
        if self.size is not None:
            return _height_width(op, x), op.constant(list(self.size), i64)
        return _height_width(op, x), _height_width(op, image[0])


def _two(layer: Layer, both: str, first: str, second: str, zero: Any) -> Any:
    """(vertical, horizontal) of a parameter that may be told once or twice; None when it is not told."""
    names = [f"prior_box_param.{n}" for n in (both, first, second)]
    given = [layer.has(n) for n in names]
    values = [layer.get(n, zero) for n in names]
    if given[0] and any(given[1:]):
        raise layer.refuse(f"both {both} and {first} or {second} are given", _CHECK)
    if not any(given):
        if both == "img_size" and len(layer.node.inputs) < 2:
            raise layer.refuse("the image is not connected, and img_size is not given", _CHECK)
        return None
    pair = (values[0], values[0]) if given[0] else (values[1], values[2])
    if not all(v > 0 for v in pair):
        raise layer.refuse(f"{both} must be positive", _CHECK)
    return pair


def _sizes(layer: Layer, name: str) -> list[float]:
    """Box sizes in pixels; Caffe cuts their fractions off."""
    given = layer.get(f"prior_box_param.{name}", [])
    for size in given:
        if not 1 <= size < 1 << 31:
            raise layer.refuse(f"{name} {size}", "Caffe cuts fractions off, so sizes begin at 1")
    return [float(int(size)) for size in given]


def _ratios(layer: Layer) -> list[float]:
    """Aspect ratios besides 1, each followed by its inverse where the layer flips, doubles left out."""
    found = [1.0]
    for ratio in layer.get("prior_box_param.aspect_ratio", []):
        if not 1e-6 <= ratio <= 1e6:
            raise layer.refuse(f"aspect_ratio {ratio}", _CHECK)
        if all(abs(ratio - held) >= 1e-6 for held in found):
            found += [ratio, 1.0 / ratio] if layer.get("prior_box_param.flip", True) else [ratio]
    layer.ignore("prior_box_param.flip")
    return found[1:]


def _told_apart(ratios: list[float]) -> bool:
    """The runtime sees each ratio: it takes those for one that differ by less than 1e-6, where Caffe looks at the ratio
    and not at its inverse.
    """
    ordered = sorted([1.0, *ratios])
    return all(b - a >= 2e-6 for a, b in itertools.pairwise(ordered))


def _middle(size: float, largest: list[float]) -> list[tuple[float, float]]:
    return [(math.sqrt(size * s), math.sqrt(size * s)) for s in largest]


def _stretched(size: float, ratios: list[float]) -> list[tuple[float, float]]:
    return [(size * math.sqrt(r), size / math.sqrt(r)) for r in ratios]


def _clustered(
    op: Builder, grid: _Grid, x: Value, image: tuple[Value, ...], widths: list[float], heights: list[float]
) -> Value:
    return _joined(op, op.PriorBoxClustered(
        *grid.shapes(op, x, image), width=widths, height=heights, step_h=grid.step_h, step_w=grid.step_w,
        offset=grid.offset, clip=grid.clip, variance=grid.variance,
    ))  # fmt: skip


def _dense(layer: Layer, op: Builder, grid: _Grid, x: Value, image: tuple[Value, ...]) -> Value:
    """Intel's fork: density x density boxes of a fixed size spread over each cell, cut at the image's border."""
    sizes, density = layer.get("prior_box_param.fixed_size", []), layer.get("prior_box_param.density", [])
    stretch, ratios = layer.get("prior_box_param.fixed_ratio", []), _ratios(layer)
    smallest, largest = _sizes(layer, "min_size"), _sizes(layer, "max_size")
    if len(sizes) != len(density) or any(not 1 <= d < 1 << 15 or d != int(d) for d in density):
        raise layer.refuse("every fixed_size needs a density, a whole number above 0", _CHECK)
    if any(not 0 < s < 1 << 31 or s % 2 for s in sizes):
        raise layer.refuse(f"fixed_size {list(sizes)}", "the forks halve it differently: only even numbers are exact")
    if smallest or largest or (stretch and (len(stretch) != 1 or ratios)) or not _told_apart(ratios):
        raise layer.refuse("fixed_size with min_size or several ratios", "the runtime counts these boxes wrongly")
    if not grid.is_simple:
        raise layer.refuse("fixed_size with two steps, or with an offset and no step", "give one step")
    return _joined(op, op.PriorBox(
        *grid.shapes(op, x, image), fixed_size=list(sizes), density=[float(d) for d in density], aspect_ratio=ratios,
        fixed_ratio=list(stretch), flip=False, step=grid.step_h, offset=grid.offset, clip=grid.clip,
        variance=grid.variance, scale_all_sizes=True,
    ))  # fmt: skip


def _height_width(op: Builder, x: Value) -> Value:
    found: Value = op.Slice(op.ShapeOf(x, output_type="i64"), *(op.constant([v], i64) for v in (2, 4, 1, 0)))
    return found


def _joined(op: Builder, priors: Value) -> Value:
    """As Caffe shapes them: [1, 2, boxes x 4]."""
    found: Value = op.Unsqueeze(priors, op.constant([0], i64))
    return found
