"""Data to run both models on: generated from the inputs' types, or the user's ``.npz`` / ``.npy``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.errors import SourceError, UsageError, did_you_mean
from dragoman.files import missing_file
from dragoman.graph.types import Interval, TensorType
from dragoman.lazy import np

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

DYNAMIC_SIZE = 2


def generate(inputs: Mapping[str, TensorType], seed: int = 0) -> dict[str, Array]:
    """Random data for every input: floats uniform in [0, 1), integers in [0, 2), dynamic dimensions 2 or their bound.

    Equal symbols get equal sizes by construction.
    """
    rng = np.random.default_rng(seed)
    return {name: _random(kind, rng, name) for name, kind in inputs.items()}


def _random(kind: TensorType, rng: Any, name: str) -> Array:
    if kind.shape is None:
        raise UsageError("D112", f"the shape of {name!r} is not known", "check", f"give it: --shape {name}=1,3,224,224")
    dims = [_size(d) if isinstance(d, Interval) else d for d in kind.shape]
    if kind.dtype.kind == "string":
        raise UsageError("D113", f"{name!r} takes strings; random data make no sense", "check", "give --data FILE.npz")
    if kind.dtype.kind == "bool":
        return np.asarray(rng.random(dims) < 0.5)
    if kind.dtype.is_integer:
        return np.asarray(rng.integers(0, 2, dims)).astype(kind.dtype.numpy)
    return np.asarray(rng.random(dims)).astype(kind.dtype.numpy)


def _size(dim: Interval) -> int:
    low = dim.lo or 0
    return max(low, DYNAMIC_SIZE if dim.hi is None else min(DYNAMIC_SIZE, dim.hi))


def load(path: Path, inputs: Sequence[str]) -> dict[str, Array]:
    """Arrays by input name from a ``.npz``, or the only input's from a ``.npy``; pickled data is refused.

    Raises SourceError D201/D214, UsageError D110 for names that the model does not have.
    """
    if not path.exists():
        raise missing_file(path)
    try:
        data = np.load(path, allow_pickle=False)
        held = {name: data[name] for name in data.files} if hasattr(data, "files") else {inputs[0]: data}
    except Exception as error:
        raise SourceError(
            "D214", f"not a readable .npz or .npy: {error}", str(path), "save it with numpy.savez"
        ) from error
    for name in held:
        if name not in inputs:
            raise UsageError("D110", f"there is no input {name!r}", str(path), did_you_mean(name, list(inputs)))
    missing = [n for n in inputs if n not in held]
    if missing:
        raise UsageError(
            "D113", f"no data for {', '.join(missing)}", str(path), "the .npz needs an array for every input"
        )
    return held
