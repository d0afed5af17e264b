"""Small values in shape sub-graphs: reading them as numbers or dimensions, and moving their elements about."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from dragoman.graph.types import DYNAMIC, Dim, Scalar, Shape, SmallValue, Typed, static_dims
from dragoman.infer.dims import from_value, normalize_axis
from dragoman.ops.define import Contradiction


def known_ints(given: Typed | None) -> tuple[int, ...] | None:
    """All elements as integers, or None when any is not exactly known."""
    return None if given is None or given.value is None else given.value.numbers()


def known_dims(given: Typed | None) -> tuple[Dim, ...] | None:
    """The elements as dimensions (bounds included), or None when they are not known as such."""
    return None if given is None or given.value is None else from_value(given.value.items)


def known_sizes(given: Typed | None) -> tuple[Dim, ...] | None:
    """As :func:`known_dims`, with -1 for a dimension that is not known."""
    if given is None or given.value is None:
        return None
    return from_value([DYNAMIC if item == -1 else item for item in given.value.items])


def known_axes(given: Typed | None, rank: int) -> tuple[int, ...] | None:
    """The elements as axes counted from the front; Contradiction when one is outside the rank."""
    numbers = known_ints(given)
    return None if numbers is None else tuple(checked_axis(n, rank) for n in numbers)


def checked_axis(axis: int, rank: int) -> int:
    """The axis counted from the front; Contradiction when it is outside the rank."""
    found = normalize_axis(axis, rank) if rank else None
    if found is None:
        raise Contradiction(f"axis {axis} is outside {-rank}..{rank - 1}")
    return found


def need_rank(given: Typed | None, *ranks: int, what: str = "an input") -> None:
    """Contradiction when the rank is known and not one of ``ranks``."""
    if given is not None and given.shape is not None and len(given.shape) not in ranks:
        wanted = " or ".join(map(str, ranks))
        raise Contradiction(f"{what} must have rank {wanted}, not {len(given.shape)}")


def vector_length(given: Typed | None) -> int | None:
    """The number of elements of a vector, where it is one number."""
    if given is None or given.shape is None or len(given.shape) != 1:
        return None
    size = given.shape[0]
    return size if isinstance(size, int) else None


def reshaped(value: SmallValue | None, shape: Shape) -> SmallValue | None:
    """The same elements in another shape."""
    dims = static_dims(shape)
    if value is None or dims is None:
        return None
    count = math.prod(dims)
    return SmallValue(dims, value.items) if count == len(value.items) else None


def strides_of(shape: Sequence[int]) -> tuple[int, ...]:
    """Steps in C order, one per dimension."""
    out: list[int] = []
    step = 1
    for d in reversed(shape):
        out.append(step)
        step *= d
    return tuple(reversed(out))


def moved(
    value: SmallValue | None, shape: Shape, source: Callable[[tuple[int, ...]], Sequence[int]]
) -> SmallValue | None:
    """The value whose element at an index is the given one's element at ``source(index)``."""
    dims = static_dims(shape)
    if value is None or dims is None:
        return None
    count = math.prod(dims)
    if count > SmallValue.LIMIT:
        return None
    if not count:
        return SmallValue(dims, ())
    strides = strides_of(value.shape)
    items: list[Scalar] = []
    for index in itertools.product(*map(range, dims)):
        items.append(value.items[sum(i * s for i, s in zip(source(index), strides, strict=True))])
    return SmallValue(dims, items)


def joined(values: Sequence[SmallValue | None], axis: int, shape: Shape) -> SmallValue | None:
    """Concatenation along an axis."""
    dims = static_dims(shape)
    if dims is None or any(v is None for v in values):
        return None
    known = [v for v in values if v is not None]
    if sum(len(v.items) for v in known) > SmallValue.LIMIT:
        return None
    outer = 1
    for d in dims[:axis]:
        outer *= d
    items: list[Scalar] = []
    for block in range(outer):
        for v in known:
            size = len(v.items) // outer if outer else 0
            items += v.items[block * size : (block + 1) * size]
    return SmallValue(dims, items)
