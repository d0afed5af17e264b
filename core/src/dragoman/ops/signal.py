"""Ops of the family: signal."""

from __future__ import annotations

from dragoman.ops.define import Bool, In, Op, op


@op("DFT", "opset7")
class DFT(Op):
    """DFT (opset7)."""

    data = In()
    axes = In()
    signal_size = In(optional=True)


@op("IDFT", "opset7")
class IDFT(Op):
    """IDFT (opset7)."""

    data = In()
    axes = In()
    signal_size = In(optional=True)


@op("RDFT", "opset9")
class RDFT(Op):
    """RDFT (opset9)."""

    data = In()
    axes = In()
    signal_size = In(optional=True)


@op("IRDFT", "opset9")
class IRDFT(Op):
    """IRDFT (opset9)."""

    data = In()
    axes = In()
    signal_size = In(optional=True)


@op("STFT", "opset15")
class STFT(Op):
    """STFT (opset15)."""

    data = In()
    window = In()
    frame_size = In()
    frame_step = In()
    transpose_frames = Bool(False)


@op("ISTFT", "opset16")
class ISTFT(Op):
    """ISTFT (opset16)."""

    data = In()
    window = In()
    frame_size = In()
    frame_step = In()
    signal_length = In(optional=True)
    center = Bool(False)
    normalized = Bool(False)
