"""Element types at the border of an offloaded part: what an op in Python can have, and what others can read of it.

OpenVINO's CPU plugin (2026.4.1) computes in few types, and turns every op into them when it compiles: i64 becomes i32,
f16 f32, and so on. The outputs of an op in Python stay what they are declared, so that an op behind it finds i64 beside
a constant of i32 and is refused. A part therefore gives the plugin's own type, and a Convert behind it the right one. A
result that only the model gives out needs neither, and keeps all its bits.
"""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.graph.graph import Value
from dragoman.graph.types import (
    DType,
    TensorType,
    bf16,
    boolean,
    f8e4m3,
    f8e5m2,
    f8e8m0,
    f16,
    f32,
    f64,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
)

_CARRIERS: dict[DType, DType] = {
    **dict.fromkeys((f64, f16, bf16, f8e4m3, f8e5m2, f8e8m0), f32),
    **dict.fromkeys((i64, u64, u32, i16, u16), i32),
    boolean: u8,
}


def carried(kind: TensorType) -> bool:
    """An op in Python can have it: elements of whole bytes, or strings."""
    return kind.dtype.kind == "string" or (kind.dtype.bits >= 8 and not kind.dtype.is_dynamic)


def carrier(kind: DType) -> DType:
    """The type that the CPU plugin computes with in its place."""
    return _CARRIERS.get(kind, kind)


def restored(op: Builder, value: Value, kind: DType) -> Value:
    """A result in its own type, from one in its carrier's."""
    if value.dtype is kind:
        return value
    if kind is boolean:  # no Convert: of an op with strings among its outputs the plugin cannot make one
        found: Value = op.NotEqual(value, op.constant(0, u8))
        return found
    converted: Value = op.Convert(value, destination_type=kind)
    return converted
