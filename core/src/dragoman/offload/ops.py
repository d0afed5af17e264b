"""The op that an offloaded part of a model becomes: a custom op that carries a model of the source's framework."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from dragoman.graph.types import DYNAMIC, Shape, TensorType, Typed, dtype, parse_shape
from dragoman.ops.define import Contradiction, In, Op, Str, op

_TYPE = re.compile(r"(\w+)\[([^\]]*)\]")


def types_text(types: Sequence[TensorType]) -> str:
    """``f32[1,?] i64[]``."""
    return " ".join(map(repr, types))


def parse_types(text: str) -> tuple[TensorType, ...]:
    """The inverse of :func:`types_text`; ValueError when it is none."""
    found = []
    for part in text.split():
        match = _TYPE.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is not a type such as f32[1,?]")
        try:
            found.append(TensorType(dtype(match[1]), parse_shape(match[2])))
        except KeyError:
            raise ValueError(f"{match[1]!r} is not an element type") from None
    return tuple(found)


@op("Offloaded", "extension")
class Offloaded(Op):
    """Layers that run in their own framework, by its plugin: ``model`` is a model of that framework, as bytes.

    ``takes`` are the types of the operands that the sub-model was made for, ``gives`` those of its results then;
    ``input_names`` and ``output_names`` are the source's names of them, and ``layers`` its layers, as JSON lists.
    ``plugin``, ``distribution`` and ``plugin_version`` say what must be installed to run it.
    """

    __slots__ = ("runner",)

    model = In("", "u8")
    operands = In(variadic=True)
    framework = Str()
    plugin = Str()
    distribution = Str("")
    plugin_version = Str("")
    takes = Str("")
    gives = Str()
    input_names = Str("[]")
    output_names = Str("[]")
    layers = Str("[]")
    outputs = None

    def output_count(self, inputs: tuple[Any, ...]) -> int:
        return len(self._parsed(self.gives))

    def infer(self, model: Typed, *operands: Typed) -> tuple[TensorType, ...]:
        takes, gives = self._parsed(self.takes), self._parsed(self.gives)
        if len(operands) != len(takes):
            raise Contradiction(f"{len(operands)} operands are given, the sub-model takes {len(takes)}")
        for number, (given, wanted) in enumerate(zip(operands, takes, strict=True)):
            if given.dtype is not wanted.dtype:
                raise Contradiction(f"operand {number} is {given.dtype}, the sub-model takes {wanted.dtype}")
        if all(_within(given.shape, wanted.shape) for given, wanted in zip(operands, takes, strict=True)):
            return gives
        return tuple(TensorType(t.dtype, None if t.shape is None else (DYNAMIC,) * len(t.shape)) for t in gives)

    def names(self) -> list[str]:
        """The layers inside; empty when the text is not of that form."""
        try:
            found = json.loads(self.layers)
        except ValueError:
            return []
        return [str(name) for name in found] if isinstance(found, list) else []

    def _parsed(self, text: str) -> tuple[TensorType, ...]:
        try:
            return parse_types(text)
        except ValueError as error:
            raise Contradiction(str(error)) from None


def _within(given: Shape, wanted: Shape) -> bool:
    """What holds for every tensor of the wanted shape holds for those of the given one."""
    if given is None or wanted is None or len(given) != len(wanted):
        return wanted is None and given is None
    return all(not isinstance(w, int) or w == g for g, w in zip(given, wanted, strict=True))
