"""The shape that Broadcast gives, for each of its modes."""

from __future__ import annotations

from dragoman.graph.types import Dim, Shape, Typed
from dragoman.infer.broadcast import broadcast_dim
from dragoman.infer.dims import compatible, dynamic_shape, merge
from dragoman.infer.small import known_ints, known_sizes, need_rank, vector_length
from dragoman.ops.define import Contradiction


def _rank_only(target: Typed) -> Shape:
    length = vector_length(target)
    return None if length is None else dynamic_shape(length)


def target_shape(data: Typed, target: Typed, mode: str) -> Shape:
    """Numpy, pdpd (from axis 0) and bidirectional modes; Contradiction when the shapes do not go together."""
    wanted = known_sizes(target)
    if mode == "bidirectional":
        return _bidirectional(data.shape, target, wanted)
    if wanted is None:
        return _rank_only(target)
    if data.shape is None:
        return wanted if mode == "numpy" else dynamic_shape(len(wanted))
    if mode == "pdpd":
        return _pdpd(data.shape, wanted)
    lead = len(wanted) - len(data.shape)
    if lead < 0:
        raise Contradiction(f"{len(data.shape)} dimensions do not broadcast to {len(wanted)}")
    for given, asked in zip(data.shape, wanted[lead:], strict=True):
        both = isinstance(given, int) and isinstance(asked, int)
        if both and not compatible(given, 1) and not compatible(given, asked):
            raise Contradiction(f"{given} does not broadcast to {asked}")
    return wanted


def _pdpd(shape: tuple[Dim, ...], wanted: tuple[Dim, ...]) -> Shape:
    if len(shape) < len(wanted):
        raise Contradiction(f"{len(shape)} dimensions have nothing at axis {len(shape)} of the target")
    out = list(wanted)
    for i, (given, asked) in enumerate(zip(shape, wanted, strict=False)):
        if given == 1:
            continue
        met = given if asked == 1 else merge(given, asked)
        if met is None:
            raise Contradiction(f"{given} does not broadcast to {asked}")
        out[i] = met
    return tuple(out)


def _bidirectional(shape: Shape, target: Typed, wanted: tuple[Dim, ...] | None) -> Shape:
    length = vector_length(target)
    if shape is None or (wanted is None and length is None):
        return None
    asked = dynamic_shape(length or 0) if wanted is None else wanted
    rank = max(len(shape), len(asked))
    a = (1,) * (rank - len(shape)) + shape
    b = (1,) * (rank - len(asked)) + asked
    return tuple(broadcast_dim(x, y) for x, y in zip(a, b, strict=True))


def explicit_target(data: Typed, target: Typed, mapping: Typed | None) -> Shape:
    """Explicit mode: dimension i of the data goes to axis ``mapping[i]``, in rising order."""
    if mapping is None:
        raise Contradiction("the explicit mode needs axes_mapping")
    need_rank(mapping, 1, what="axes_mapping")
    wanted = known_sizes(target)
    count = vector_length(mapping)
    if data.shape is not None and target.shape is not None and count is not None:
        rank = 1 if not data.shape and count else len(data.shape)
        if count != rank:
            raise Contradiction(f"axes_mapping has {count} axes for {rank} dimensions")
        axes = known_ints(mapping)
        if wanted is not None and axes is not None:
            _check_mapping(data.shape, wanted, axes)
    return wanted if wanted is not None else _rank_only(target)


def _check_mapping(shape: tuple[Dim, ...], wanted: tuple[Dim, ...], axes: tuple[int, ...]) -> None:
    if list(axes) != sorted(axes):
        raise Contradiction(f"axes_mapping {list(axes)} must rise")
    for axis, given in zip(axes, shape or (1,), strict=False):
        if not 0 <= axis < len(wanted):
            raise Contradiction(f"axes_mapping names axis {axis} of {len(wanted)}")
        fits = compatible(1, wanted[axis]) if not shape else compatible(given, wanted[axis]) or compatible(given, 1)
        if not fits:
            raise Contradiction(f"{given} does not broadcast to {wanted[axis]}")
