"""What extractors ask of a bottom's shape, in Caffe's terms."""

from __future__ import annotations

from dragoman.frontends.layer import Layer
from dragoman.graph.graph import Value


def rank_of(layer: Layer, x: Value, *allowed: int) -> int:
    """The number of axes; refuses others than ``allowed``, as Caffe aborts at them."""
    rank = x.rank
    assert rank is not None, "ranks are known in Caffe"
    if allowed and rank not in allowed:
        wanted = " or ".join(map(str, allowed))
        raise layer.refuse(f"it takes blobs of {wanted} axes, and gets one of {rank}: {list(x.shape or ())}")
    return rank


def canonical(layer: Layer, axis: int, rank: int, what: str = "axis") -> int:
    """An axis counted from 0; refuses one that the blob does not have."""
    if not -rank <= axis < rank:
        raise layer.refuse(f"{what} {axis} is out of range for a blob of {rank} axes")
    return axis % rank


def axis_of(layer: Layer, name: str, default: int, rank: int) -> int:
    """The axis that an attribute names, counted from 0."""
    return canonical(layer, layer.get(name, default), rank, name.rpartition(".")[2])


def channels(layer: Layer, x: Value, axis: int = 1) -> int:
    """A dimension that must be known; refuses when it is not."""
    rank = rank_of(layer, x)
    if axis >= rank:
        raise layer.refuse(f"axis {axis} is out of range for a blob of {rank} axes")
    assert x.shape is not None
    dim = x.shape[axis]
    if not isinstance(dim, int):
        raise layer.refuse(f"dimension {axis} of its bottom is not known", "give the input's shape with --shape")
    return dim


def same_shape(layer: Layer, x: Value, other: Value) -> None:
    """Refuses bottoms of different shapes, where Caffe does not broadcast."""
    a, b = x.shape or (), other.shape or ()
    pairs = zip(a, b, strict=False)
    if len(a) != len(b) or any(isinstance(d, int) and isinstance(e, int) and d != e for d, e in pairs):
        raise layer.refuse(f"its bottoms have the shapes {list(a)} and {list(b)}, and Caffe does not broadcast")


def count(layer: Layer, x: Value, start: int = 0, end: int | None = None) -> int | None:
    """The product of the dimensions from ``start`` to before ``end``, None where one is not known."""
    total = 1
    for dim in (x.shape or ())[start:end]:
        if not isinstance(dim, int):
            return None
        total *= dim
    return total
