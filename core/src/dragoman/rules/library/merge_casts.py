"""Two casts in a row are one, where the first loses nothing.

    Convert(Convert(x, a), b) -> Convert(x, b)      (x itself when b is its type)

``a`` holds every value of x's type, and integers are not led through floats to other integers, for casts out of range
differ.
"""

from __future__ import annotations

from typing import Any

from dragoman.graph.graph import Value
from dragoman.graph.types import DType
from dragoman.rules.pattern import Trace
from dragoman.rules.rule import NoMatch, Rule

#: bits of integers that a float type holds exactly
_EXACT = {"f64": 53, "f32": 24, "f16": 11, "bf16": 8}
_WIDER = {"f16": ("f32", "f64"), "bf16": ("f32", "f64"), "f32": ("f64",)}


def lossless(source: DType, target: DType) -> bool:
    """Every value of ``source`` is a value of ``target``."""
    if source is target:
        return True
    if source.kind == "bool":
        return target.name in _EXACT or target.is_integer
    if source.is_float:
        return target.name in _WIDER.get(source.name, ())
    if not source.is_integer:
        return False
    if target.is_float:
        return source.bits <= _EXACT.get(target.name, 0)
    if source.kind == "int":
        return target.kind == "int" and target.bits >= source.bits
    return target.is_integer and target.bits >= source.bits + (target.kind == "int")


class MergeCasts(Rule):
    """Convert(Convert(x)) -> Convert(x)."""

    def pattern(self, op: Trace, x: Any) -> Any:
        return op.Convert(op.Convert(x, shared=True, bind="between"), bind="y")

    def check(self, x: Value, between: Value, y: Value) -> None:
        if not lossless(x.dtype, between.dtype):
            raise NoMatch(f"{between.dtype} does not hold every {x.dtype}")
        integers = x.dtype.kind != "float" and between.dtype.kind != "float"
        if y.dtype is not x.dtype and y.dtype.is_integer and not integers and x.dtype.kind != "bool":
            raise NoMatch(f"casts from {x.dtype} and from {between.dtype} to {y.dtype} differ out of range")

    def rewrite(self, op: Any, x: Value, y: Value) -> Value:
        if x.dtype is y.dtype:
            return x
        result: Value = op.Convert(x, destination_type=y.dtype)
        return result
