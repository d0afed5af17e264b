"""Layers without bottoms: Parameter and DummyData.

Behaviour: BVLC's ``parameter_layer.hpp``, ``dummy_data_layer.cpp``.
"""

from __future__ import annotations

import math

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.tensor import SplatTensor
from dragoman.graph.types import f32
from dragoman_caffe.blobs import blob, expect

layers = Extractors("caffe")
#: numbers of a top, which all stand in the IR
_MOST = 1 << 26


@layers("Parameter")
def parameter(layer: Layer, op: Builder) -> Value:
    """A learned blob as a top."""
    expect(layer, 1)
    return blob(layer, op, 0, layer.get("parameter_param.shape.dim", []))


@layers("DummyData")
def dummy_data(layer: Layer, op: Builder) -> tuple[Value, ...]:
    """Tops filled with a number; numbers that Caffe draws anew in each run are refused."""
    tops = len(layer.outputs)
    fillers = layer.get("dummy_data_param.data_filler", [])
    shapes = _shapes(layer, tops)
    if len(fillers) not in (0, 1, tops):
        raise layer.refuse(f"{len(fillers)} data fillers for {tops} tops, where Caffe takes none, one, or one for each")
    found = []
    for i in range(tops):
        filler = fillers[i % len(fillers)] if fillers else {}
        shape = shapes[i % len(shapes)]
        if (kind := filler.get("type", "constant")) != "constant":
            raise layer.refuse(f"a {kind} filler makes other numbers in each run",
                               "make it an Input, or its filler constant")  # fmt: skip
        if any(d < 1 for d in shape) or math.prod(shape) >= 1 << 31:
            raise layer.refuse(f"the shape {shape} is not one that Caffe takes")
        if math.prod(shape) > _MOST:
            raise layer.refuse(f"the shape {shape}", f"up to {_MOST} numbers are filled; make it an Input")
        found.append(op.constant(SplatTensor(f32, shape, float(filler.get("value", 0.0)))))
    return tuple(found)


def _shapes(layer: Layer, tops: int) -> list[list[int]]:
    """The shapes of the tops, or the one of them all: a BlobShape each, or the four old numbers."""
    given = [list(shape.get("dim", [])) for shape in layer.get("dummy_data_param.shape", [])]
    old = [layer.get(f"dummy_data_param.{name}", []) for name in ("num", "channels", "height", "width")]
    if any(old):
        if given or any(len(numbers) not in (1, tops) for numbers in old):
            raise layer.refuse("num, channels, height and width are needed once, or for each top, and no shape")
        return [[numbers[i % len(numbers)] for numbers in old] for i in range(tops)]
    if len(given) not in (1, tops):
        raise layer.refuse(f"{len(given)} shapes for {tops} tops, where Caffe takes one, or one for each")
    return given
