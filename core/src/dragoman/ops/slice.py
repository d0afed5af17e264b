"""Ops that take or place parts of a tensor along its dimensions: slices, pads, reversals, rolls.

Behaviour: OpenVINO specification, "data movement" ops Slice-8, StridedSlice-1, SliceScatter-15, Pad-1/12, Reverse-1,
Roll-7, ReverseSequence-1; shapes as the runtime infers them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.graph.types import Dim, Shape, SmallValue, TensorType, Typed
from dragoman.infer.dims import bounds, compatible, dynamic_shape, merge, merge_shapes
from dragoman.infer.slicing import known_bounds, padded_dim, shorter, slice_of, slice_range, sliced_dim
from dragoman.infer.small import checked_axis, known_axes, known_ints, moved, need_rank, vector_length
from dragoman.infer.strided import Masks, strided_shape, strided_value
from dragoman.lazy import np
from dragoman.ops.define import INTEGER, Contradiction, Enum, In, Int, Ints, Op, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class _Slicing(Op):
    """What Slice and SliceScatter share: the slice of each axis."""

    def _sliced(
        self, shape: Shape, start: Typed, stop: Typed, step: Typed, axes: Typed | None
    ) -> tuple[Dim, ...] | None:
        """The slice's shape; Contradiction when the inputs do not go together."""
        if shape is None:
            return None
        ends = [start, stop, step] + ([] if axes is None else [axes])
        for given in ends:
            need_rank(given, 1, what="start, stop, step and axes")
            if given.shape is not None and bounds(given.shape[0])[0] > len(shape):
                raise Contradiction(f"more slices than the {len(shape)} dimensions")
            if not merge_shapes(given.shape, start.shape)[0]:
                raise Contradiction("start, stop, step and axes must have one length")
        if not merge_shapes(stop.shape, step.shape)[0]:
            raise Contradiction("start, stop, step and axes must have one length")
        steps = known_ints(step)
        chosen = self._axes(shape, start, axes)
        if chosen is None:
            return tuple(shorter(d) for d in shape)
        if len(set(chosen)) != len(chosen):
            raise Contradiction(f"axes {list(chosen)} must differ")
        starts, stops = known_bounds(start), known_bounds(stop)
        out = list(shape)
        for i, axis in enumerate(chosen):
            if starts is None or stops is None or steps is None:
                out[axis] = shorter(shape[axis])
                continue
            if steps[i] == 0:
                raise Contradiction("a step of 0")
            out[axis] = sliced_dim(shape[axis], starts[i], stops[i], steps[i])
        return tuple(out)

    @staticmethod
    def _axes(shape: tuple[Dim, ...], start: Typed, axes: Typed | None) -> tuple[int, ...] | None:
        if axes is not None:
            return known_axes(axes, len(shape))
        length = vector_length(start)
        return None if length is None else tuple(range(length))


def _index(shape: tuple[int, ...], start: Array, stop: Array, step: Array, axes: Array | None) -> tuple[slice, ...]:
    """The numpy index of a Slice."""
    out = [slice(None)] * len(shape)
    places = range(len(start)) if axes is None else [int(a) for a in axes]
    for axis, a, b, s in zip(places, start, stop, step, strict=True):
        out[axis] = slice_of(slice_range(shape[axis], int(a), int(b), int(s)))
    return tuple(out)


@op("Slice", "opset8")
class Slice(_Slicing):
    """data[start:stop:step] along ``axes`` (by default the first ones), as numpy slices."""

    data = In("T")
    start = In("", *INTEGER)
    stop = In("", *INTEGER)
    step = In("", *INTEGER)
    axes = In("", *INTEGER, optional=True)

    def infer(self, data: Typed, start: Typed, stop: Typed, step: Typed, axes: Typed | None = None) -> TensorType:
        shape = self._sliced(data.shape, start, stop, step, axes)
        return TensorType(data.dtype, shape, self._value(data, shape, start, stop, step, axes))

    def _value(
        self, data: Typed, shape: Shape, start: Typed, stop: Typed, step: Typed, axes: Typed | None
    ) -> SmallValue | None:
        starts, stops, steps = known_ints(start), known_ints(stop), known_ints(step)
        if data.value is None or starts is None or stops is None or steps is None:
            return None
        dims = data.value.shape
        places = range(len(starts)) if axes is None else known_axes(axes, len(dims))
        if places is None:
            return None
        pick = [range(n) for n in dims]
        for axis, *ends in zip(places, starts, stops, steps, strict=True):
            pick[axis] = slice_range(dims[axis], *ends)
        return moved(data.value, shape, lambda index: [pick[k][i] for k, i in enumerate(index)])

    def fold(self, data: Array, start: Array, stop: Array, step: Array, axes: Array | None = None) -> Array:
        return np.ascontiguousarray(data[_index(data.shape, start, stop, step, axes)])


@op("StridedSlice", "opset1")
class StridedSlice(Op):
    """data[begin:end:strides] with masks that ignore an end, drop or insert a dimension, or stand for an ellipsis."""

    data = In("T")
    begin = In("", *INTEGER)
    end = In("", *INTEGER)
    strides = In("", *INTEGER, optional=True)
    begin_mask = Ints()
    end_mask = Ints()
    new_axis_mask = Ints()
    shrink_axis_mask = Ints()
    ellipsis_mask = Ints()

    def __init__(self, **attributes: Any) -> None:
        # the runtime wants masks of one length; missing bits are 0
        masks = {name: tuple(bits) for name, bits in attributes.items() if name.endswith("_mask")}
        length = max(map(len, masks.values()), default=0)
        names = (name for name in self.attributes if length)
        filled = {name: (*masks.get(name, ()), *[0] * length)[:length] for name in names}
        super().__init__(**{**attributes, **filled})

    def _masks(self) -> Masks:
        return Masks(
            *(
                frozenset(i for i, bit in enumerate(bits) if bit == 1)
                for bits in (
                    self.begin_mask,
                    self.end_mask,
                    self.new_axis_mask,
                    self.shrink_axis_mask,
                    self.ellipsis_mask,
                )
            )
        )

    def infer(self, data: Typed, begin: Typed, end: Typed, strides: Typed | None = None) -> TensorType:
        shape = strided_shape(data.shape, begin, end, strides, self._masks())
        return TensorType(data.dtype, shape, strided_value(data, begin, end, strides, self._masks(), shape))

    def fold(self, data: Array, begin: Array, end: Array, strides: Array | None = None) -> Array:
        steps = [1] * len(begin) if strides is None else [int(s) for s in strides]
        index = self._masks().index(data.shape, [int(b) for b in begin], [int(e) for e in end], steps)
        return np.ascontiguousarray(np.asarray(data[index]))


@op("SliceScatter", "opset15")
class SliceScatter(_Slicing):
    """data with its slice data[start:stop:step] replaced by ``updates``."""

    data = In("T")
    updates = In("T")
    start = In("", *INTEGER)
    stop = In("", *INTEGER)
    step = In("", *INTEGER)
    axes = In("", *INTEGER, optional=True)

    def infer(
        self, data: Typed, updates: Typed, start: Typed, stop: Typed, step: Typed, axes: Typed | None = None
    ) -> TensorType:
        shape = data.shape
        if shape is None and updates.shape is not None:
            shape = dynamic_shape(len(updates.shape))
        if shape == ():
            raise Contradiction("a scalar has no slices")
        if shape is not None and updates.shape is not None and len(shape) != len(updates.shape):
            raise Contradiction(f"updates of rank {len(updates.shape)} for data of rank {len(shape)}")
        # the runtime makes nothing of the axes while the data's own rank is not known
        chosen = TensorType(axes.dtype, axes.shape) if axes is not None and data.shape is None else axes
        expected = self._sliced(shape, start, stop, step, chosen)
        if not merge_shapes(expected, updates.shape)[0]:
            raise Contradiction("the updates do not have the slice's shape")
        return TensorType(data.dtype, shape)

    def fold(
        self, data: Array, updates: Array, start: Array, stop: Array, step: Array, axes: Array | None = None
    ) -> Array:
        out = data.copy()
        out[_index(data.shape, start, stop, step, axes)] = updates
        return out


class _Pad(Op):
    data = In("T")
    pads_begin = In("", *INTEGER)
    pads_end = In("", *INTEGER)
    pad_value = In("T", optional=True)
    pad_mode = Enum("constant", "edge", "reflect", "symmetric")

    def infer(self, data: Typed, pads_begin: Typed, pads_end: Typed, pad_value: Typed | None = None) -> TensorType:
        if self.pad_mode == "constant":
            need_rank(pad_value, 0, what="the pad value")
        need_rank(pads_begin, 1, what="pads_begin")
        need_rank(pads_end, 1, what="pads_end")
        return TensorType(data.dtype, self._shape(data.shape, pads_begin, pads_end))

    def _shape(self, shape: Shape, pads_begin: Typed, pads_end: Typed) -> Shape:
        if shape is None:
            return None
        begin, end = known_bounds(pads_begin), known_bounds(pads_end)
        if begin is None or end is None:
            for length in (vector_length(pads_begin), vector_length(pads_end)):
                if length is not None and length > len(shape):
                    raise Contradiction(f"{length} pads for {len(shape)} dimensions")
            return dynamic_shape(len(shape))
        if len(begin) != len(shape) or len(end) != len(shape):
            raise Contradiction(f"{len(begin)} and {len(end)} pads for {len(shape)} dimensions")
        for dim, b, e in zip(shape, begin, end, strict=True):
            self._check(dim, b[0], e[0])
        return tuple(padded_dim(d, b, e) for d, b, e in zip(shape, begin, end, strict=True))

    def _check(self, dim: Dim, begin: int, end: int) -> None:
        if not isinstance(dim, int):
            return
        least = {"edge": 1, "reflect": 2}.get(self.pad_mode, 0)
        if max(begin, end) > 0 and dim < least:
            raise Contradiction(f"{self.pad_mode} padding of a dimension of {dim}")
        most = {"reflect": dim - 1, "symmetric": dim}.get(self.pad_mode)
        if most is not None and max(begin, end) > most:
            raise Contradiction(f"{self.pad_mode} padding by {max(begin, end)} of a dimension of {dim}")

    def fold(self, data: Array, pads_begin: Array, pads_end: Array, pad_value: Array | None = None) -> Array:
        begin, end = [int(p) for p in pads_begin], [int(p) for p in pads_end]
        widths = [(max(b, 0), max(e, 0)) for b, e in zip(begin, end, strict=True)]
        if self.pad_mode == "constant":
            fill = data.dtype.type() if pad_value is None else pad_value
            out = np.pad(data, widths, constant_values=fill)
        else:
            out = np.pad(data, widths, mode=self.pad_mode)  # type: ignore[call-overload]
        cuts = tuple(slice(max(-b, 0), n - max(-e, 0)) for b, e, n in zip(begin, end, out.shape, strict=True))
        return np.ascontiguousarray(out[cuts])


@op("Pad", "opset1")
class PadV1(_Pad):
    """Wider by ``pads_begin`` and ``pads_end``, filled with the pad value (0), the edge, or the mirrored data."""


@op("Pad", "opset12")
class Pad(_Pad):
    """As opset1; negative pads crop."""


@op("Reverse", "opset1")
class Reverse(Op):
    """Each of the given axes from its end to its start; ``mask`` gives a boolean per axis instead of indices."""

    data = In("T")
    axes = In("", *INTEGER, "bool")
    mode = Enum("index", "mask")

    def infer(self, data: Typed, axes: Typed) -> TensorType:
        need_rank(axes, 1, what="the axes")
        masked = self.mode == "mask"
        if masked != (axes.dtype.kind == "bool") and not axes.dtype.is_dynamic:
            raise Contradiction(f"{self.mode} mode does not take {axes.dtype}")
        if data.shape is not None:
            rank = len(data.shape)
            if masked and axes.shape is not None and not compatible(axes.shape[0], rank):
                raise Contradiction(f"a mask of {axes.shape[0]} for {rank} dimensions")
            # negative ones pass the runtime's check, which then reverses something else
            if not masked and any(not 0 <= axis < rank for axis in known_ints(axes) or ()):
                raise Contradiction(f"an axis outside 0..{rank - 1}")
        return TensorType(data.dtype, data.shape)

    def fold(self, data: Array, axes: Array) -> Array:
        chosen = np.flatnonzero(axes) if self.mode == "mask" else axes
        return np.ascontiguousarray(np.flip(data, tuple({int(a) for a in chosen})))


@op("Roll", "opset7")
class Roll(Op):
    """Elements move by ``shift`` along each axis; what leaves at one end enters at the other."""

    data = In("T")
    shift = In("", *INTEGER)
    axes = In("", *INTEGER)

    def infer(self, data: Typed, shift: Typed, axes: Typed) -> TensorType:
        need_rank(shift, 0, 1, what="the shift")
        need_rank(axes, 0, 1, what="the axes")
        if shift.shape != () and not merge_shapes(shift.shape, axes.shape)[0]:
            raise Contradiction("shift and axes must have one length")
        if data.shape is not None:
            known_axes(axes, len(data.shape) or 1)
        return TensorType(data.dtype, data.shape)

    def fold(self, data: Array, shift: Array, axes: Array) -> Array:
        places = [int(a) for a in np.ravel(axes)]
        steps = [int(s) for s in np.broadcast_to(np.ravel(shift), (len(places),))]
        return np.roll(data, steps, places)


@op("ReverseSequence", "opset1")
class ReverseSequence(Op):
    """The first ``seq_lengths[b]`` elements along ``seq_axis`` of each batch element reversed."""

    data = In("T")
    seq_lengths = In("", "float", *INTEGER)
    batch_axis = Int(0)
    seq_axis = Int(1)

    def infer(self, data: Typed, seq_lengths: Typed) -> TensorType:
        need_rank(seq_lengths, 1, what="the lengths")
        shape = data.shape
        if shape is None:
            if self.seq_axis < 0:
                raise Contradiction("a negative sequence axis needs a known rank")
            return TensorType(data.dtype, None)
        if len(shape) < 2:
            raise Contradiction("the data must have at least 2 dimensions")
        checked_axis(self.seq_axis, len(shape))
        if seq_lengths.shape is not None:
            batch = checked_axis(self.batch_axis, len(shape))
            met = merge(shape[batch], seq_lengths.shape[0])
            if met is None:
                raise Contradiction(f"{seq_lengths.shape[0]} lengths for a batch of {shape[batch]}")
            shape = (*shape[:batch], met, *shape[batch + 1 :])
        return TensorType(data.dtype, shape)

    def fold(self, data: Array, seq_lengths: Array) -> Array:
        out = data.copy()
        source = np.moveaxis(data, (self.batch_axis, self.seq_axis), (0, 1))
        target = np.moveaxis(out, (self.batch_axis, self.seq_axis), (0, 1))
        for b, length in enumerate(seq_lengths):
            target[b, : int(length)] = source[b, : int(length)][::-1]
        return out
