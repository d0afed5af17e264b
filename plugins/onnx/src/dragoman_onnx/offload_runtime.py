"""Runs a part of an ONNX model in onnxruntime, inside an IR; imported at inference."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dragoman.errors import PluginError, UnsupportedError
from dragoman.graph import types as t
from dragoman.graph.types import DType

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

#: onnxruntime's names of tensors -> element types that can cross the border of a part
PORTS: dict[str, DType] = {
    f"tensor({name})": kind
    for name, kind in {
        "float": t.f32, "double": t.f64, "float16": t.f16, "bfloat16": t.bf16, "bool": t.boolean, "string": t.string,
        "int8": t.i8, "int16": t.i16, "int32": t.i32, "int64": t.i64,
        "uint8": t.u8, "uint16": t.u16, "uint32": t.u32, "uint64": t.u64,
        "float8e4m3fn": t.f8e4m3, "float8e5m2": t.f8e5m2, "float8e8m0": t.f8e8m0,
    }.items()
}  # fmt: skip
#: threads of one part; it runs while OpenVINO's own wait
MOST_THREADS = 4


def missing() -> str:
    """The pip line when onnxruntime is not installed."""
    return "" if importlib.util.find_spec("onnxruntime") else "pip install 'dragoman-onnx[offload]'"


def threads() -> int:
    """How many threads a part gets: ``DRAGOMAN_OFFLOAD_THREADS``, else the cores that this process may use, up to 4."""
    stated = os.environ.get("DRAGOMAN_OFFLOAD_THREADS", "")
    if stated.isdecimal() and int(stated) > 0:
        return int(stated)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST_THREADS, usable)


def session_of(model: bytes) -> Any:
    """An ``InferenceSession``; PluginError D613 without onnxruntime, UnsupportedError D307 where it refuses."""
    try:
        import onnxruntime
    except ImportError as error:
        hint = missing() or "pip install 'dragoman-onnx[offload]'"
        raise PluginError(
            "D613", "onnxruntime, which runs offloaded layers, is not installed", str(error), hint
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    # between calls the cores are OpenVINO's
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        # without its second attempt, which it tells of on stdout
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:
        raise UnsupportedError(
            "D307", f"onnxruntime refuses the part: {_first_line(error)}", "", "run the whole model in onnxruntime; "
            "update onnxruntime, or offload other layers"
        ) from error  # fmt: skip


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


class Runner:
    """A part that is ready to run, from several threads at once.

    Args:
        model: as :func:`dragoman_onnx.offload.submodel` made it.
    """

    def __init__(self, model: bytes) -> None:
        self.session = session_of(model)
        ports = self.session.get_inputs()
        self.inputs = [p.name for p in ports]
        self.outputs = [p.name for p in self.session.get_outputs()]
        #: an array of another type than this is cast: numpy has no bf16, which crosses as f32
        self.kinds = [None if PORTS[p.type] is t.string else PORTS[p.type].numpy for p in ports]

    def __call__(self, arrays: Sequence[Array]) -> list[Any]:
        """The results, by position."""
        feeds = {
            name: array if kind is None or array.dtype == kind else array.astype(kind)
            for name, array, kind in zip(self.inputs, arrays, self.kinds, strict=True)
        }
        found: list[Any] = self.session.run(self.outputs, feeds)
        return found
