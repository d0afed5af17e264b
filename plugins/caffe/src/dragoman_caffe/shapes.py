"""What extractors ask of a bottom's shape, in Caffe's terms."""

from __future__ import annotations

from dragoman.frontends.layer import Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import Dim, shape_text


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


def dims_of(x: Value) -> tuple[Dim, ...]:
    """The dimensions; ranks are known in Caffe."""
    assert x.shape is not None
    return x.shape


def shown(x: Value) -> str:
    """The shape in a message: [2,3,?]."""
    return f"[{shape_text(x.shape)}]"


def differ(a: Dim, b: Dim) -> bool:
    """Both dimensions are known, and not the same."""
    return isinstance(a, int) and isinstance(b, int) and a != b


def same_shape(layer: Layer, x: Value, other: Value) -> None:
    """Refuses bottoms of different shapes, where Caffe does not broadcast."""
    a, b = dims_of(x), dims_of(other)
    if len(a) != len(b) or any(map(differ, a, b)):
        raise layer.refuse(f"its bottoms have the shapes {shown(x)} and {shown(other)}, and Caffe does not broadcast")


def count(x: Value, start: int = 0, end: int | None = None) -> int | None:
    """The product of the dimensions from ``start`` to before ``end``, None where one is not known."""
    total = 1
    for dim in dims_of(x)[start:end]:
        if not isinstance(dim, int):
            return None
        total *= dim
    return total
