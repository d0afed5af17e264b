"""Types of what an offloaded part gives: what its framework knows, and what it gives when it is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dragoman.graph.types import DYNAMIC, Interval, Shape, TensorType
from dragoman.lazy import np

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

#: runs that must agree before a dimension counts as fixed
RUNS = 3
#: elements of all inputs together beyond which nothing is run
LARGEST = 1 << 26

Run = Callable[[Sequence["Array"]], Sequence["Array"]]


def completed(known: Sequence[TensorType], inputs: Sequence[TensorType], make: Callable[[], Run]) -> list[TensorType]:
    """The types with their ranks: where the framework does not know one, the part is run with made-up inputs.

    A dimension is taken from the runs only where all inputs have known shapes and all runs agree on it. The runtime op
    holds each result against its type at every inference. The shape stays None where the part cannot be run, or gives
    results of several ranks.
    """
    if all(kind.shape is not None for kind in known):
        return list(known)
    shapes = _run(inputs, make)
    if shapes is None:
        return list(known)
    static = all(isinstance(d, int) for kind in inputs for d in kind.shape or ())
    return [
        kind if kind.shape is not None else TensorType(kind.dtype, _common([s[i] for s in shapes], static))
        for i, kind in enumerate(known)
    ]


def _common(shapes: Sequence[tuple[int, ...]], static: bool) -> Shape:
    if len({len(s) for s in shapes}) > 1:
        return None
    return tuple(sizes[0] if static and len(set(sizes)) == 1 else DYNAMIC for sizes in zip(*shapes, strict=True))


def _run(inputs: Sequence[TensorType], make: Callable[[], Run]) -> list[list[tuple[int, ...]]] | None:
    """The shapes of the results, by run; None when a run fails."""
    if any(kind.shape is None for kind in inputs) or sum(_elements(k) for k in inputs) > LARGEST:
        return None
    run = make()
    found = []
    for seed in range(RUNS):
        try:
            results = run([sample(kind, seed) for kind in inputs])
        except Exception:  # of the framework, about made-up numbers: nothing is known then
            return None
        found.append([tuple(np.shape(r)) for r in results])
    return found


def _size(dim: int | Interval, seed: int) -> int:
    if isinstance(dim, int):
        return dim
    low = dim.lo or 1
    return low + seed if dim.hi is None else min(low + seed, dim.hi)


def _elements(kind: TensorType) -> int:
    count = 1
    for dim in kind.shape or ():
        count *= _size(dim, RUNS)
    return count


def sample(kind: TensorType, seed: int) -> Array:
    """Made-up numbers of a type, other ones for each seed; open dimensions get small sizes."""
    dims = [_size(d, seed) for d in kind.shape or ()]
    rng = np.random.default_rng(seed)
    if kind.dtype.kind == "string":
        return np.full(dims, "abc"[: seed + 1], object)
    if kind.dtype.is_float:
        return np.asarray(rng.normal(size=dims)).astype(kind.dtype.numpy)
    # small: they may be places, sizes or counts
    return np.asarray(rng.integers(0, 2, dims)).astype(kind.dtype.numpy)
