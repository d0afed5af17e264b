"""Hypothesis strategies for what ops are given: dimensions, shapes, element types, arrays, attributes.

    from hypothesis import given
    from dragoman_sdk import strategies as st

    @given(st.arrays("f32", st.static_shapes(max_rank=4)))
    def test_swish(x): ...

    @given(st.attributes(Swish6))          # from the fields that the class declares

Needs the extra ``dragoman-sdk[strategies]``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from hypothesis import strategies
from hypothesis.strategies import SearchStrategy

from dragoman.graph import types
from dragoman.graph.types import DType, Interval, Shape, dtype
from dragoman.ops.define import (
    Attr,
    Bool,
    ElementType,
    Enum,
    Float,
    Floats,
    Int,
    Ints,
    Op,
    PartialShape,
    Str,
    Strs,
)

if TYPE_CHECKING:
    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

#: types that OpenVINO's CPU plugin and numpy both have without a module of their own
_COMMON = ("f32", "f16", "f64", "i64", "i32", "i16", "i8", "u64", "u32", "u16", "u8", "boolean")
#: characters of a text that XML can hold
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-"


def element_types(*kinds: str) -> SearchStrategy[DType]:
    """Element types that numpy has.

    Args:
        kinds: ``float``, ``int``, ``uint``, ``bool``, or names such as ``f32``; any of them by default.
    """
    held = [dtype(name) for name in _COMMON]
    chosen = [d for d in held if not kinds or d.kind in kinds or d.name in kinds]
    if not chosen:
        raise ValueError(f"no element type is one of {', '.join(kinds)}; they are {', '.join(_COMMON)}")
    return strategies.sampled_from(chosen)


def dims(least: int = 1, most: int = 6, *, dynamic: bool = True) -> SearchStrategy[int | Interval]:
    """A size, or where ``dynamic`` also an open or a bounded dimension."""
    sizes = strategies.integers(least, most)
    if not dynamic:
        return sizes
    bounded = strategies.tuples(sizes, sizes).map(lambda pair: (min(pair), max(pair)))
    intervals = bounded.filter(lambda pair: pair[0] < pair[1]).map(lambda pair: Interval(*pair))
    return strategies.one_of(sizes, strategies.just(types.DYNAMIC), intervals)


def shapes(
    min_rank: int = 0, max_rank: int = 4, *, least: int = 1, most: int = 6, unknown_rank: bool = False
) -> SearchStrategy[Shape]:
    """Partial shapes; ``unknown_rank`` adds None. ``least`` and ``most`` bound the sizes."""
    known: SearchStrategy[Shape] = strategies.lists(dims(least, most), min_size=min_rank, max_size=max_rank).map(tuple)
    return strategies.one_of(known, strategies.none()) if unknown_rank else known


def static_shapes(
    min_rank: int = 0, max_rank: int = 4, *, least: int = 1, most: int = 6
) -> SearchStrategy[tuple[int, ...]]:
    """Shapes of arrays."""
    return strategies.lists(strategies.integers(least, most), min_size=min_rank, max_size=max_rank).map(tuple)


def sized(shape: Shape, *, most: int = 6) -> SearchStrategy[tuple[int, ...]]:
    """Shapes of arrays that a partial shape of known rank allows; open dimensions get at most ``most``."""
    if shape is None:
        raise ValueError("a shape of unknown rank has no sizes")
    return strategies.tuples(*(_size(dim, most) for dim in shape))


def _size(dim: int | Interval, most: int) -> SearchStrategy[int]:
    if not isinstance(dim, Interval):
        return strategies.just(dim)
    low = dim.lo or 0
    return strategies.integers(low, max(low, min(dim.hi if dim.hi is not None else most, max(most, low))))


def arrays(
    kind: str | DType | SearchStrategy[DType],
    shape: Sequence[int] | SearchStrategy[tuple[int, ...]],
    *,
    low: float = -10.0,
    high: float = 10.0,
) -> SearchStrategy[Array]:
    """Arrays of finite numbers between two bounds: no NaN, no infinity, no subnormal number.

    Elements come from a generator that Hypothesis seeds, and a few of them from special values (the bounds, 0, 1), so
    that large arrays cost little; they shrink in shape and seed.
    """

    @strategies.composite
    def make(draw: Any) -> Array:
        element = draw(kind) if isinstance(kind, SearchStrategy) else dtype(kind)
        size = tuple(draw(shape)) if isinstance(shape, SearchStrategy) else tuple(shape)
        rng = np.random.default_rng(draw(strategies.integers(0, 2**32 - 1)))
        least = max(low, 0.0) if element.kind in ("uint", "bool") else low
        if element.kind == "bool":
            return np.asarray(rng.random(size) < 0.5)
        special = [v for v in (least, high, 0.0, 1.0, -1.0) if least <= v <= high]
        if element.is_integer:
            values = rng.integers(math.ceil(least), math.floor(high), size, endpoint=True).astype(np.float64)
        else:
            values = rng.uniform(least, high, size)
        replaced = rng.random(size) < 0.1
        values = np.where(replaced, rng.choice(special or [least], size), values)
        if element.is_float:  # halves have subnormal numbers below 6e-5, which runtimes may flush to 0
            values = np.where(np.abs(values) < 1e-4, 0.0 if least <= 0 <= high else least, values)
        else:
            values = np.clip(np.trunc(values), math.ceil(least), math.floor(high))
        return values.astype(element.numpy)

    return make()


def attribute(field: Attr[Any]) -> SearchStrategy[Any]:
    """Values of one field of an op's class; ValueError for a kind of field that says nothing of its values."""
    for kind, made in _FIELDS:
        if isinstance(field, kind):
            return made
    if isinstance(field, Enum):
        return strategies.sampled_from(field.words)
    raise ValueError(f"give values for {field.name!r} yourself: {type(field).__name__} fields have no strategy")


_NUMBERS = strategies.floats(-1e3, 1e3, allow_nan=False, allow_subnormal=False, width=32)
_FIELDS: tuple[tuple[type[Attr[Any]], SearchStrategy[Any]], ...] = (
    (Int, strategies.integers(-(2**31), 2**31 - 1)),
    (Float, _NUMBERS),
    (Bool, strategies.booleans()),
    (Ints, strategies.lists(strategies.integers(-(2**31), 2**31 - 1), max_size=4).map(tuple)),
    (Floats, strategies.lists(_NUMBERS, max_size=4).map(tuple)),
    (Strs, strategies.lists(strategies.text(_LETTERS, min_size=1, max_size=8), max_size=4).map(tuple)),
    (Str, strategies.text(_LETTERS, max_size=12)),
    (ElementType, element_types()),
    (PartialShape, shapes()),
)


def attributes(cls: type[Op], **given: Any) -> SearchStrategy[dict[str, Any]]:
    """Attributes of an op from the fields of its class.

    Args:
        cls: the op.
        given: strategies, or values, of the attributes whose type alone says too little (an axis within the rank).
    """
    unknown = set(given) - set(cls.attributes)
    if unknown:
        raise ValueError(f"{cls.type} has no attribute {', '.join(sorted(unknown))}")
    made = {n: _given(given[n]) if n in given else attribute(f) for n, f in cls.attributes.items() if f.in_xml}
    return strategies.fixed_dictionaries(made)


def ops(cls: type[Op], **given: Any) -> SearchStrategy[Op]:
    """Instances of an op's class; ``given`` as for :func:`attributes`."""
    return attributes(cls, **given).map(lambda held: cls(**held))


def _given(value: Any) -> SearchStrategy[Any]:
    return value if isinstance(value, SearchStrategy) else strategies.just(value)
