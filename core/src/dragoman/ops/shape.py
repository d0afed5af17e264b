"""Ops that change how a tensor is laid out: Reshape, Squeeze, Unsqueeze, Transpose, Broadcast, Tile.

Behaviour: OpenVINO specification, "shape manipulation" and "data movement" ops; shapes as the runtime infers them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.graph.types import Dim, Shape, SmallValue, TensorType, Typed, static_dims
from dragoman.infer.broadcast_to import explicit_target, target_shape
from dragoman.infer.dims import compatible, dynamic_shape, mul
from dragoman.infer.reshape import reshape_dims
from dragoman.infer.small import (
    checked_axis,
    known_axes,
    known_dims,
    known_ints,
    moved,
    need_rank,
    reshaped,
    vector_length,
)
from dragoman.lazy import np
from dragoman.ops.define import INTEGER, Bool, Contradiction, Enum, In, Op, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


@op("Reshape", "opset1")
class Reshape(Op):
    """The same elements in another shape; a -1 is computed, with ``special_zero`` a 0 copies a dimension."""

    data = In("T")
    shape = In("", *INTEGER)
    special_zero = Bool(False)

    def infer(self, data: Typed, shape: Typed) -> TensorType:
        need_rank(shape, 1, what="the target shape")
        if shape.value is None:
            size = vector_length(shape)
            return TensorType(data.dtype, None if size is None else dynamic_shape(size))
        dims = reshape_dims(data.shape, shape.value.items, self.special_zero)
        return TensorType(data.dtype, dims, reshaped(data.value, dims))

    def fold(self, data: Array, shape: Array) -> Array:
        dims = reshape_dims(data.shape, [int(n) for n in shape], self.special_zero)
        return data.reshape(static_dims(dims) or ())


class _Squeeze(Op):
    """Without dimensions of size 1: those at ``axes``, or all."""

    data = In("T")
    axes = In("", *INTEGER, optional=True)

    def infer(self, data: Typed, axes: Typed | None = None) -> TensorType:
        need_rank(axes, 0, 1, what="axes")
        shape = self._shape(data.shape, axes)
        return TensorType(data.dtype, shape, reshaped(data.value, shape))

    def _shape(self, shape: Shape, axes: Typed | None) -> Shape:
        if shape is None:
            return None
        # the runtime lets a scalar have the axes 0 and -1
        chosen = () if axes is None else known_axes(axes, len(shape) or 1)
        if chosen is None:
            assert axes is not None
            single = axes.shape == () or vector_length(axes) == 1
            return self._unknown_axis(shape) if single and shape else None
        if not chosen:
            if any(not isinstance(d, int) and compatible(d, 1) for d in shape):
                return None
            return tuple(d for d in shape if d != 1)
        if any(self._may_stay(d) for i, d in enumerate(shape) if i in chosen):
            return None
        return tuple(d for i, d in enumerate(shape) if i not in chosen or not compatible(d, 1))

    def _unknown_axis(self, shape: tuple[Dim, ...]) -> Shape:
        return dynamic_shape(len(shape) - 1) if any(compatible(d, 1) for d in shape) else shape

    def _may_stay(self, dim: Dim) -> bool:
        """Whether the rank is unknown because this dimension may turn out not to be 1."""
        return False

    def fold(self, data: Array, axes: Array | None = None) -> Array:
        chosen = [] if axes is None else [int(a) % max(data.ndim, 1) for a in np.ravel(axes)]
        return data.reshape([d for i, d in enumerate(data.shape) if d != 1 or (chosen and i not in chosen)])


@op("Squeeze", "opset1")
class SqueezeV1(_Squeeze):
    """Without dimensions of size 1: those at ``axes``, or all."""


@op("Squeeze", "opset15")
class Squeeze(_Squeeze):
    """As opset1; with ``allow_axis_skip`` a chosen dimension that is not 1 stays."""

    allow_axis_skip = Bool(False)

    def _may_stay(self, dim: Dim) -> bool:
        return self.allow_axis_skip and not isinstance(dim, int) and compatible(dim, 1)

    def _unknown_axis(self, shape: tuple[Dim, ...]) -> Shape:
        return None if any(compatible(d, 1) for d in shape) else shape


@op("Unsqueeze", "opset1")
class Unsqueeze(Op):
    """With dimensions of size 1 put in, so that they are at ``axes`` of the result."""

    data = In("T")
    axes = In("", *INTEGER)

    def infer(self, data: Typed, axes: Typed) -> TensorType:
        need_rank(axes, 0, 1, what="axes")
        if data.shape is None:
            return TensorType(data.dtype, None)
        numbers = known_ints(axes)
        if numbers is None:
            return TensorType(data.dtype, None)
        if not numbers:
            raise Contradiction("axes must not be empty")
        shape = self._expanded(data.shape, numbers)
        return TensorType(data.dtype, shape, reshaped(data.value, shape))

    @staticmethod
    def _expanded(shape: tuple[Dim, ...], numbers: tuple[int, ...]) -> tuple[Dim, ...]:
        rank = len(shape) + len(set(numbers))
        out = list(shape)
        for axis in sorted({checked_axis(n, rank) for n in numbers}):
            out.insert(axis, 1)
        return tuple(out)

    def fold(self, data: Array, axes: Array) -> Array:
        return data.reshape(
            [int(d) for d in static_dims(self._expanded(data.shape, tuple(map(int, np.ravel(axes))))) or ()]
        )


@op("Transpose", "opset1")
class Transpose(Op):
    """Dimension i of the result is dimension ``order[i]`` of the input; an empty order reverses."""

    data = In("T")
    order = In("", *INTEGER)

    def infer(self, data: Typed, order: Typed) -> TensorType:
        need_rank(order, 1, what="the order")
        length = vector_length(order)
        axes = known_ints(order)
        if data.shape is None:
            # the runtime takes an empty order for the rank itself here
            return TensorType(data.dtype, () if axes == () else dynamic_shape(len(axes)) if axes else None)
        rank = len(data.shape)
        if order.shape is not None and length != 0 and not compatible(order.shape[0], rank):
            raise Contradiction(f"an order of {length} axes for {rank} dimensions")
        if axes is None:
            return TensorType(data.dtype, dynamic_shape(rank))
        axes = axes or tuple(reversed(range(rank)))
        if sorted(axes) != list(range(rank)):
            raise Contradiction(f"{list(axes)} is not a permutation of {rank} dimensions")
        shape = tuple(data.shape[a] for a in axes)
        back = [axes.index(i) for i in range(rank)]
        return TensorType(data.dtype, shape, moved(data.value, shape, lambda index: [index[b] for b in back]))

    def fold(self, data: Array, order: Array) -> Array:
        return np.ascontiguousarray(data.transpose([int(a) for a in order] or None))


class _Broadcast(Op):
    data = In("T")
    target = In("", *INTEGER)
    axes_mapping = In("", *INTEGER, optional=True)
    mode = Enum("numpy", "explicit", "pdpd", "bidirectional")

    def infer(self, data: Typed, target: Typed, axes_mapping: Typed | None = None) -> TensorType:
        need_rank(target, 1, what="the target shape")
        if self.mode in ("explicit", "none"):
            shape = explicit_target(data, target, axes_mapping)
        else:
            if axes_mapping is not None and not self._ignores_mapping:
                raise Contradiction("axes_mapping belongs to the explicit mode")
            shape = target_shape(data, target, self.mode)
        return TensorType(data.dtype, shape, self._moved(data, shape))

    _ignores_mapping = False

    def _moved(self, data: Typed, shape: Shape) -> SmallValue | None:
        value = data.value
        if value is None or self.mode not in ("numpy", "bidirectional"):
            return None
        return moved(
            value,
            shape,
            lambda index: [
                0 if n == 1 else i for i, n in zip(index[len(index) - len(value.shape) :], value.shape, strict=True)
            ],
        )

    def fold(self, data: Array, target: Array, axes_mapping: Array | None = None) -> Array:
        shape = tuple(int(n) for n in target)
        if self.mode == "bidirectional":
            shape = np.broadcast_shapes(data.shape, shape)
        elif self.mode in ("explicit", "none"):
            assert axes_mapping is not None
            places = [int(a) for a in axes_mapping]
            wide = [1] * len(shape)
            for axis, size in zip(places, data.shape, strict=False):
                wide[axis] = size
            data = data.reshape(wide)
        return np.ascontiguousarray(np.broadcast_to(data, shape))


@op("Broadcast", "opset1")
class BroadcastV1(_Broadcast):
    """Repeated to the target shape: numpy rules, or (``none``) dimension i goes to axis ``axes_mapping[i]``."""

    mode = Enum("none", "numpy", "pdpd", default="numpy")
    _ignores_mapping = True


@op("Broadcast", "opset3")
class Broadcast(_Broadcast):
    """Repeated to the target shape; ``bidirectional`` broadcasts the target too, ``explicit`` uses ``axes_mapping``."""


@op("Tile", "opset1")
class Tile(Op):
    """The tensor repeated along each dimension; the shorter of shape and repeats gets leading 1s."""

    data = In("T")
    repeats = In("", *INTEGER)

    def infer(self, data: Typed, repeats: Typed) -> TensorType:
        need_rank(repeats, 1, what="repeats")
        times = known_repeats(repeats)
        if data.shape is None:
            return TensorType(data.dtype, None)
        if times is None:
            length = vector_length(repeats)
            return TensorType(data.dtype, None if length is None else dynamic_shape(max(length, len(data.shape))))
        rank = max(len(times), len(data.shape))
        times = (1,) * (rank - len(times)) + times
        sizes = (1,) * (rank - len(data.shape)) + data.shape
        shape = tuple(mul(d, t) for d, t in zip(sizes, times, strict=True))
        fixed = static_dims(data.shape) or ()
        return TensorType(
            data.dtype,
            shape,
            moved(
                data.value, shape, lambda index: [i % n for i, n in zip(index[rank - len(fixed) :], fixed, strict=True)]
            ),
        )

    def fold(self, data: Array, repeats: Array) -> Array:
        return np.tile(data, tuple(max(0, int(r)) for r in repeats))


def known_repeats(repeats: Typed) -> tuple[Dim, ...] | None:
    """Repeats as dimensions; negative ones count as 0."""
    if repeats.value is None:
        return None
    numbers = known_ints(repeats)
    return known_dims(repeats) if numbers is None else tuple(max(0, n) for n in numbers)
