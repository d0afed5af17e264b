"""Fourier transforms. A complex tensor has a last dimension of 2: real and imaginary part.

Behaviour: OpenVINO's opset specifications DFT-7, IDFT-7, RDFT-9, IRDFT-9, STFT-15, ISTFT-16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.graph.types import DYNAMIC, Dim, Shape, TensorType, Typed
from dragoman.infer.dims import add, add_int, bounds, compatible, dim_of, floor_div, mul
from dragoman.infer.scalars import at_most_one_element, one_dim, one_int
from dragoman.infer.small import checked_axis, known_dims, known_ints, need_rank, vector_length
from dragoman.lazy import np
from dragoman.ops.define import INDEX, Bool, Contradiction, In, Op, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class _Fourier(Op):
    data = In("", "f32", "f16", "bf16")
    axes = In("", *INDEX)
    signal_size = In("", *INDEX, optional=True)
    #: the input's last dimension is the complex pair
    complex_input = True

    def _axes(self, data: Typed, axes: Typed, signal_size: Typed | None) -> tuple[int, ...] | None:
        """The axes counted from the front, where rank and axes are known."""
        need_rank(axes, 1, what="axes")
        need_rank(signal_size, 1, what="signal_size")
        count, sizes = vector_length(axes), vector_length(signal_size)
        if count is not None and sizes is not None and count != sizes:
            raise Contradiction("axes and signal_size need one length")
        shape = data.shape
        if shape is None:
            return None
        rank = len(shape) - self.complex_input
        if rank < 1 or (self.complex_input and not compatible(shape[-1], 2)):
            raise Contradiction("data must be complex: [..., 2]" if self.complex_input else "data cannot be a scalar")
        if count is not None and count > rank:
            raise Contradiction(f"{count} axes are more than {rank} dimensions")
        numbers = known_ints(axes)
        if numbers is None:
            return None
        found = tuple(checked_axis(n, rank) for n in numbers)
        if len(set(found)) != len(found):
            raise Contradiction("an axis is given twice")
        return found

    def _sizes(self, data: Array, axes: Array, signal_size: Array | None) -> tuple[list[int], list[int]]:
        """(axes, sizes) for numpy; -1 keeps the input's size."""
        rank = data.ndim - self.complex_input
        where = [int(a) % rank for a in axes]
        given = [-1] * len(where) if signal_size is None else [int(s) for s in signal_size]
        return where, [data.shape[a] if s == -1 else s for a, s in zip(where, given, strict=True)]


class _Complex(_Fourier):
    def infer(self, data: Typed, axes: Typed, signal_size: Typed | None = None) -> TensorType:
        places = self._axes(data, axes, signal_size)
        if data.shape is None or signal_size is None:
            return TensorType(data.dtype, data.shape)
        if places is None:
            return TensorType(data.dtype, (*(DYNAMIC for _ in data.shape[:-1]), data.shape[-1]))
        out = list(data.shape)
        numbers = known_ints(signal_size)
        sizes: tuple[Dim, ...] | None = numbers if numbers is not None else known_dims(signal_size)
        for axis, size in zip(places, sizes or (DYNAMIC,) * len(places), strict=True):
            out[axis] = out[axis] if size == -1 else size
        return TensorType(data.dtype, tuple(out))


@op("DFT", "opset7")
class DFT(_Complex):
    """Discrete Fourier transform over ``axes``, complex to complex."""

    def fold(self, data: Array, axes: Array, signal_size: Array | None = None) -> Array:
        where, sizes = self._sizes(data, axes, signal_size)
        return _pairs(np.fft.fftn(_complex(data), sizes, where), data)


@op("IDFT", "opset7")
class IDFT(_Complex):
    """Inverse of DFT, scaled by the number of elements."""

    def fold(self, data: Array, axes: Array, signal_size: Array | None = None) -> Array:
        where, sizes = self._sizes(data, axes, signal_size)
        return _pairs(np.fft.ifftn(_complex(data), sizes, where), data)


class _Half(_Fourier):
    """Transforms in which the last axis holds only the half that symmetry does not give."""

    def infer(self, data: Typed, axes: Typed, signal_size: Typed | None = None) -> TensorType:
        places = self._axes(data, axes, signal_size)
        if data.shape is None:
            return TensorType(data.dtype, None)
        out = list(data.shape[:-1] if self.complex_input else data.shape)
        if places is None:
            out = [DYNAMIC] * len(out)
        elif places:
            sizes = (-1,) * len(places) if signal_size is None else known_ints(signal_size)
            for axis, size in zip(places, sizes or (), strict=sizes is not None):
                out[axis] = out[axis] if size == -1 else size
            out[places[-1]] = DYNAMIC if sizes is None else self._last(out[places[-1]], sizes[-1])
        return TensorType(data.dtype, tuple(out) if self.complex_input else (*out, 2))

    def _last(self, dim: Dim, size: int) -> Dim:
        """The last axis' result, ``dim`` being the size that is transformed."""
        raise NotImplementedError(self.type)


@op("RDFT", "opset9")
class RDFT(_Half):
    """Transform of real data; the last axis keeps n // 2 + 1 frequencies."""

    complex_input = False

    def _last(self, dim: Dim, size: int) -> Dim:
        low, high = bounds(dim)
        return dim_of(low // 2 + 1 if low else 0, None if high is None else high // 2 + 1 if high else 0)

    def fold(self, data: Array, axes: Array, signal_size: Array | None = None) -> Array:
        where, sizes = self._sizes(data, axes, signal_size)
        return _pairs(np.fft.rfftn(data.astype(np.float64), sizes, where), data)


@op("IRDFT", "opset9")
class IRDFT(_Half):
    """Inverse of RDFT: real data; the last axis has 2 (n - 1) elements unless told."""

    def _last(self, dim: Dim, size: int) -> Dim:
        return mul(add_int(dim, -1), 2) if size == -1 else dim

    def fold(self, data: Array, axes: Array, signal_size: Array | None = None) -> Array:
        where, sizes = self._sizes(data, axes, signal_size)
        if signal_size is None or signal_size[-1] == -1:
            sizes[-1] = 2 * (data.shape[where[-1]] - 1)
        return np.asarray(np.fft.irfftn(_complex(data), sizes, where)).astype(data.dtype)


def _complex(data: Array) -> Array:
    wide = data.astype(np.float64)
    return np.asarray(wide[..., 0] + 1j * wide[..., 1])


def _pairs(data: Array, like: Array) -> Array:
    return np.stack([data.real, data.imag], axis=-1).astype(like.dtype)


class _ShortTime(Op):
    """What both directions take: a window and the frames' size and distance."""

    data = In("T", "float")
    window = In("T", "float")
    frame_size = In("", *INDEX)
    frame_step = In("", *INDEX)

    def _frames(self, window: Typed, frame_size: Typed, frame_step: Typed) -> tuple[int | None, int | None]:
        need_rank(window, 1, what="the window")
        need_rank(frame_size, 0, what="frame_size")
        need_rank(frame_step, 0, what="frame_step")
        size, step = one_int(frame_size), one_int(frame_step)
        length = vector_length(window)
        if (size is not None and size < 1) or (step is not None and step < 1):
            raise Contradiction("frame_size and frame_step must be positive")
        if size is not None and length is not None and not 1 <= length <= size:
            raise Contradiction(f"a window of {length} does not fit frames of {size}")
        return size, step

    def _padded(self, window: Array, size: int) -> Array:
        before = (size - window.size) // 2
        return np.pad(window.astype(np.float64), (before, size - window.size - before))


@op("STFT", "opset15")
class STFT(_ShortTime):
    """Spectra of overlapping windowed frames: [batch, frames, frequencies, 2] of [batch, signal]."""

    transpose_frames = Bool(False)

    def infer(self, data: Typed, window: Typed, frame_size: Typed, frame_step: Typed) -> TensorType:
        need_rank(data, 1, 2, what="the signal")
        size, step = self._frames(window, frame_size, frame_step)
        if data.shape is None:
            return TensorType(data.dtype, None)
        signal = data.shape[-1]
        if size is None or step is None:
            return TensorType(data.dtype, (*data.shape[:-1], DYNAMIC, DYNAMIC, 2))
        longest = bounds(signal)[1]
        if longest is not None and size > longest:
            raise Contradiction(f"frames of {size} are longer than the signal of {signal}")
        frames = add(floor_div(add_int(signal, -size), step), 1)
        pair: tuple[Dim, Dim] = (frames, size // 2 + 1)
        return TensorType(data.dtype, (*data.shape[:-1], *(pair[::-1] if self.transpose_frames else pair), 2))

    def fold(self, data: Array, window: Array, frame_size: Array, frame_step: Array) -> Array:
        size, step = int(frame_size), int(frame_step)
        frames = np.lib.stride_tricks.sliding_window_view(data.astype(np.float64), size, axis=-1)[..., ::step, :]
        spectra = np.fft.rfft(frames * self._padded(window, size), axis=-1)
        return _pairs(np.swapaxes(spectra, -1, -2) if self.transpose_frames else spectra, data)


@op("ISTFT", "opset16")
class ISTFT(_ShortTime):
    """The signal that has these spectra [(batch,) frequencies, frames, 2]: frames added up, divided by the windows."""

    signal_length = In("", *INDEX, optional=True)
    center = Bool(False)
    normalized = Bool(False)

    def infer(
        self,
        data: Typed,
        window: Typed,
        frame_size: Typed,
        frame_step: Typed,
        signal_length: Typed | None = None,
    ) -> TensorType:
        need_rank(data, 3, 4, what="data")
        size, step = self._frames(window, frame_size, frame_step)
        shape: Shape = data.shape
        if signal_length is not None:
            at_most_one_element(signal_length, "signal_length")
        if shape is None:
            return TensorType(data.dtype, None)
        if not compatible(shape[-1], 2):
            raise Contradiction("data must be complex: [..., 2]")
        if size is not None and not compatible(shape[-3], size // 2 + 1):
            raise Contradiction(f"frames of {size} have {size // 2 + 1} frequencies, not {shape[-3]}")
        length: Dim = DYNAMIC
        if signal_length is not None:
            length = one_dim(signal_length) or DYNAMIC
        elif size is not None and step is not None:
            length = add(mul(add_int(shape[-2], -1), step), 0 if self.center else size)
        return TensorType(data.dtype, (*shape[:-3], length))

    def fold(
        self,
        data: Array,
        window: Array,
        frame_size: Array,
        frame_step: Array,
        signal_length: Array | None = None,
    ) -> Array:
        size, step = int(frame_size), int(frame_step)
        weights = self._padded(window, size)
        frames = np.fft.irfft(np.swapaxes(_complex(data), -1, -2), size, axis=-1)
        frames = frames * (np.sqrt(size) if self.normalized else 1) * weights
        count = frames.shape[-2]
        total = np.zeros((*frames.shape[:-2], (count - 1) * step + size))
        norm = np.zeros(total.shape[-1])
        for i in range(count):
            total[..., i * step : i * step + size] += frames[..., i, :]
            norm[i * step : i * step + size] += weights**2
        total = np.where(norm > 0, total / np.where(norm > 0, norm, 1), total)
        margin = size // 2 if self.center else 0
        length = total.shape[-1] - 2 * margin if signal_length is None else int(signal_length.reshape(()))
        total = total[..., margin : margin + length]
        total = np.pad(total, [(0, 0)] * (total.ndim - 1) + [(0, length - total.shape[-1])])
        return np.asarray(total).astype(data.dtype)
