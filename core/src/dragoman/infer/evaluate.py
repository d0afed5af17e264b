"""The numbers of a value, where they follow from constants alone."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dragoman.graph.graph import Node, Value
from dragoman.graph.types import element_count, static_dims
from dragoman.lazy import np
from dragoman.ops.define import Contradiction, Ints, Op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

LIMIT = 1 << 24


def constant_array(value: Value) -> Array | None:
    """The value as a numpy array when it is a constant or is computed from constants by ops with ``fold``; else None.

    Each producer is computed once; results beyond 16 M elements are not computed, nor is what ``fold`` cannot answer.
    """
    known: dict[int, Array | None] = {}
    stack = [value]
    while stack:
        current = stack[-1]
        if id(current) in known:
            stack.pop()
            continue
        direct = _direct(current)
        if direct is not None or not _foldable(current.producer):
            known[id(current)] = direct
            stack.pop()
            continue
        inputs = [v for v in current.producer.inputs if v is not None]
        waiting = [v for v in inputs if id(v) not in known]
        if any(id(v) in known and known[id(v)] is None for v in inputs):
            known[id(current)] = None
            stack.pop()
        elif waiting:
            stack.append(waiting[0])
        else:
            _fold(current.producer, known)
            stack.pop()
    return known[id(value)]


def _direct(value: Value) -> Array | None:
    if value.tensor is not None:
        return value.tensor.numpy()
    small = value.value
    if small is not None and small.is_known and not value.dtype.is_dynamic:
        return np.array(small.items, value.dtype.numpy).reshape(small.shape)
    return None


def _foldable(node: Node) -> bool:
    attrs = node.attrs
    if not isinstance(attrs, Op) or attrs.fold is None or attrs.stateful or not node.inputs:
        return False
    counts = [element_count(v.shape) for v in node.outputs]
    return all(c is None or c <= LIMIT for c in counts)


def _fold(node: Node, known: dict[int, Array | None]) -> None:
    arrays = folded(node.attrs, [None if v is None else known[id(v)] for v in node.inputs])
    for index, value in enumerate(node.outputs):
        array = arrays[index] if arrays is not None and index < len(arrays) else None
        dims = static_dims(value.shape)
        fits = array is not None and array.size <= LIMIT and dims in (None, array.shape)
        known[id(value)] = array if fits else None


def folded(op: Op, arrays: Sequence[Array | None]) -> tuple[Array, ...] | None:
    """All outputs of ``Op.fold``; None where it has no answer for these numbers, or only in immense memory."""
    if op.fold is None or _is_immense(op):
        return None
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of means of nothing
            result = op.fold(*arrays)
    except (ArithmeticError, Contradiction, LookupError, MemoryError, NotImplementedError, TypeError, ValueError):
        return None  # the op stays, and the runtime will say what it thinks of it
    return tuple(np.asarray(a) for a in (result if isinstance(result, (tuple, list)) else (result,)))


def _is_immense(op: Op) -> bool:
    """Pads, kernels or dilations ask for intermediate results that no memory holds, whatever the sizes outside."""
    for name, field in op.attributes.items():
        if isinstance(field, Ints) and math.prod(abs(n) + 1 for n in getattr(op, name)) > LIMIT:
            return True
    return False
