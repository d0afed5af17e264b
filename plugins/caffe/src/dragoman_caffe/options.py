"""The options of Caffe models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.graph.types import Shape
from dragoman.options import Option, parse_flag, parse_names, parse_path, split_items

ALL = ("convert", "plan", "check", "inspect")


def parse_level(value: Any) -> int:
    """A whole number, below 0 too."""
    return int(str(value).strip())


def parse_shape_answers(value: Any) -> dict[str, tuple[Shape, ...]]:
    """``LAYER=1,64,13,13``; a layer with several tops: ``LAYER=1,64;1,32``. Static dimensions above 0 only."""
    items = value.items() if isinstance(value, Mapping) else [_split(text) for text in _listed(value)]
    return {str(name): _shapes(given) for name, given in items}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(v) for v in value]


def _split(text: str) -> tuple[str, str]:
    name, separator, shapes = text.rpartition("=")
    if not separator or not name.strip() or not shapes.strip():
        raise ValueError(f"{text!r} is not of the form LAYER=1,64,13,13")
    return name.strip(), shapes


def _shapes(given: Any) -> tuple[Shape, ...]:
    parts = given.split(";") if isinstance(given, str) else [given]
    if not isinstance(given, str) and given and not isinstance(given[0], int):
        parts = list(given)
    return tuple(_shape(part) for part in parts)


def _shape(given: Any) -> Shape:
    dims = split_items(given.strip().strip("[]()")) if isinstance(given, str) else list(given)
    if any(not str(d).strip().isdecimal() or not 0 < int(d) < 1 << 31 for d in dims):
        raise ValueError(f"{given!r} is not a list of dimensions above 0")
    return tuple(int(d) for d in dims)


def caffe_options() -> list[Option]:
    """All of them."""
    return [
        Option("input_proto", "The prototxt of a .caffemodel.  [default: the .prototxt of the same name beside it]",
               parse_path, metavar="FILE", commands=ALL, aliases=("-d",)),
        Option("stages", "Keep the layers of this stage; may be given several times.", parse_names, default=(),
               multiple=True, metavar="NAME", commands=ALL, aliases=("--stage",)),
        Option("level", "Keep the layers of this level.  [default: 0]", parse_level, default=0, metavar="N",
               commands=ALL),
        Option("allow_missing_weights", "Layers without weights get what Caffe's fillers make.", parse_flag,
               default=False, flag=True),
        Option("mean_file", "Subtract this mean image (.binaryproto), its centre cropped to the input's size.",
               parse_path, metavar="FILE"),
        Option("mean_file_offsets", "Where the crop of the mean image begins: X,Y.", parse_offsets, metavar="X,Y"),
        Option("custom_layer", "Keep layers of this type as they are, as an extension op of the IR.", parse_names,
               default=(), multiple=True, metavar="TYPE"),
        Option("custom_layers_mapping", "The CustomLayersMapping.xml of the legacy tool: types to keep as they are.",
               parse_path, metavar="FILE", aliases=("-k",)),
        Option("caffe_python", "A Python interpreter that has pycaffe: asked for shapes that no rule tells.",
               parse_path, metavar="PATH"),
        Option("shape_of", "The output shape of a layer that no rule tells: LAYER=1,64,13,13.", parse_shape_answers,
               multiple=True, metavar="LAYER=SHAPE"),
    ]  # fmt: skip


def parse_offsets(value: Any) -> tuple[int, int]:
    """Two whole numbers, not below 0: ``X,Y`` or ``(X,Y)``."""
    parts = split_items(value.strip().strip("()")) if isinstance(value, str) else list(value)
    numbers = [int(str(p)) for p in parts if str(p).strip().isdecimal()]
    if len(parts) != 2 or len(numbers) != 2:
        raise ValueError(f"{value!r} is not of the form X,Y")
    return numbers[0], numbers[1]
