"""Types of what an offloaded part gives: what its framework knows, and what it gives when it is run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dragoman.graph.types import DYNAMIC, Interval, Shape, TensorType, is_static
from dragoman.lazy import np

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

#: runs: with random numbers, with zeros, with positive numbers
RUNS = 3
#: elements of all inputs together beyond which nothing is run
LARGEST = 1 << 26

Run = Callable[[Sequence["Array"]], Sequence["Array"]]


def completed(known: Sequence[TensorType], inputs: Sequence[TensorType], make: Callable[[], Run]) -> list[TensorType]:
    """The types with their ranks: where the framework does not know one, the part is run with made-up inputs.

    Nothing is run where integers come in, which may be axes or sizes: made-up ones tell nothing. A dimension is taken
    from the runs only where all inputs have known shapes, no run fails and all agree on it. The runtime op holds each
    result against its type at every inference. The shape stays None where no run succeeds, or results have several
    ranks.
    """
    if all(kind.shape is not None for kind in known):
        return list(known)
    shapes = _run(inputs, make)
    if not shapes:
        return list(known)
    fixed = len(shapes) == RUNS and all(is_static(kind.shape) for kind in inputs)
    return [
        kind if kind.shape is not None else TensorType(kind.dtype, _common([s[i] for s in shapes], fixed))
        for i, kind in enumerate(known)
    ]


def _common(shapes: Sequence[tuple[int, ...]], fixed: bool) -> Shape:
    if len({len(s) for s in shapes}) > 1:
        return None
    return tuple(sizes[0] if fixed and len(set(sizes)) == 1 else DYNAMIC for sizes in zip(*shapes, strict=True))


def _run(inputs: Sequence[TensorType], make: Callable[[], Run]) -> list[list[tuple[int, ...]]]:
    """The shapes of the results of each run that succeeds."""
    if (
        any(kind.shape is None or kind.dtype.is_integer for kind in inputs)
        or sum(_elements(k) for k in inputs) > LARGEST
    ):
        return []
    run = make()
    found = []
    for number in range(RUNS):
        with contextlib.suppress(Exception):  # of the framework, about made-up numbers
            found.append([tuple(np.shape(r)) for r in run([sample(kind, number) for kind in inputs])])
    return found


def _size(dim: int | Interval, number: int) -> int:
    if isinstance(dim, int):
        return dim
    low = dim.lo or 1
    return low + number if dim.hi is None else min(low + number, dim.hi)


def _elements(kind: TensorType) -> int:
    count = 1
    for dim in kind.shape or ():
        count *= _size(dim, RUNS)
    return count


def sample(kind: TensorType, number: int) -> Array:
    """Made-up data for a run; open dimensions get small sizes."""
    dims = [_size(d, number) for d in kind.shape or ()]
    rng = np.random.default_rng(0)
    if kind.dtype.kind == "string":
        return np.full(dims, ("abc", "", "x y")[number], object)
    if number == 1:
        return np.zeros(dims, kind.dtype.numpy)
    data = np.asarray(rng.normal(size=dims))
    return (np.abs(data) if number == 2 else data > 0 if kind.dtype.kind == "bool" else data).astype(kind.dtype.numpy)
