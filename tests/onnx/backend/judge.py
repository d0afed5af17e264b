"""Convert, run on OpenVINO's CPU plugin in full precision, and judge as ONNX's own runner does."""

from __future__ import annotations

import dataclasses
import functools
import traceback
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import openvino
from tests.onnx.backend.cases import Case
from tests.onnx.backend.known import RANDOM

import dragoman
from dragoman.errors import UnsupportedError
from dragoman.plugins import PluginHost
from dragoman.runtime import from_tensor, to_tensor

PASSED, REFUSED, UNUSED = "passed", "refused", "unused"
#: two units in the last place of bfloat16, as ONNX's runner allows
BFLOAT16 = 2.0**-6


@dataclasses.dataclass(frozen=True)
class Outcome:
    """``passed``, ``refused``, ``unused`` (the variant does not apply), or what is wrong, with the reason."""

    status: str
    reason: str = ""


class Wrong(Exception):
    """The converted model does not do what its source does."""

    def __init__(self, status: str, reason: Any) -> None:
        super().__init__(f"{status}: {reason}")
        self.outcome = Outcome(status, " ".join(str(reason).split())[:600])


@functools.lru_cache(maxsize=1)
def host() -> PluginHost:
    """The installed plugins, loaded once."""
    return PluginHost()


@functools.lru_cache(maxsize=1)
def core() -> openvino.Core:
    """One runtime for all cases."""
    return openvino.Core()


def judge(case: Case, models: Sequence[tuple[onnx.ModelProto, list[int]]] | None = None) -> Outcome:
    """The outcome of a case, or of a variant of it.

    Args:
        case: the names of its outputs, their values and the tolerances.
        models: for each data set the model and the positions of the inputs it still has; the case's own by default.
    """
    try:
        if models is None:
            program = Program(case.model)
            for ins, outs in case.data:
                program.compare(case, dict(zip((i.name for i in case.inputs), ins, strict=False)), outs)
        else:
            names = [i.name for i in case.inputs]
            for (model, kept), (ins, outs) in zip(models, case.data, strict=True):
                Program(model).compare(case, {names[i]: ins[i] for i in kept}, outs)
    except UnsupportedError as error:
        return Outcome(REFUSED, "; ".join(f"{p.op}: {p.what}" for p in error.problems)[:600] or error.what)
    except Wrong as error:
        return error.outcome
    return Outcome(PASSED)


class Program:
    """A converted model, compiled; raises UnsupportedError for a refusal and Wrong for everything else."""

    def __init__(self, model: onnx.ModelProto) -> None:
        data = model.SerializeToString()
        try:
            xml, weights = dragoman.convert(data, host=host()).ir()
        except UnsupportedError:
            raise
        except Exception as error:
            last = traceback.extract_tb(error.__cause__.__traceback__ if error.__cause__ else error.__traceback__)[-1]
            raise Wrong("defect", f"{error} [{last.filename.rpartition('/')[2]}:{last.lineno}]") from error
        try:
            self.model = core().read_model(xml, openvino.Tensor(np.frombuffer(weights or b"\0", np.uint8)))
        except Exception as error:
            raise Wrong("unreadable", error) from error
        config = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
        try:
            self.compiled = core().compile_model(self.model, "CPU", config)
        except Exception as error:
            raise Wrong("uncompilable", error) from error

    def compare(self, case: Case, feeds: dict[str, Any], expected: Sequence[Any]) -> None:
        """Run once and hold every output against the expected one."""
        found = self.run(feeds)
        names = [o.name for o in case.model.graph.output]
        for name, wanted in zip(names, expected, strict=False):
            if name not in found:
                raise Wrong("wrong name", f"no output {name!r} among {sorted(found)}")
            compare(name, found[name], wanted, case)

    def run(self, feeds: dict[str, Any]) -> dict[str, Any]:
        """The outputs by every name they have."""
        request = self.compiled.create_infer_request()
        for port in self.compiled.inputs:
            name = next((n for n in feeds if n in port.get_names()), None)
            if name is None:
                raise Wrong("wrong name", f"input {sorted(port.get_names())} is none of {sorted(feeds)}")
            kind = port.get_element_type().get_type_name()
            wanted = ONNX_NAMES.get(feeds[name].dtype.name, feeds[name].dtype.name)
            if kind != wanted and wanted not in ("object", "str"):
                raise Wrong("wrong type", f"input {name!r} is {kind}, the model's is {wanted}")
            request.set_tensor(port, to_tensor(feeds[name], port.get_element_type()))
        try:
            request.infer()
        except Exception as error:
            raise Wrong("not runnable", error) from error
        found = {}
        for port in self.compiled.outputs:
            array = from_tensor(request.get_tensor(port))
            found.update(dict.fromkeys(port.get_names(), array))
        return found


#: element types that numpy compares by itself
NUMPY_NAMES = {"bool", *(f"{s}int{n}" for s in ("", "u") for n in (8, 16, 32, 64)), "float32", "float64"}
#: numpy's names of element types in OpenVINO's spelling
ONNX_NAMES = {
    "float32": "f32", "float64": "f64", "float16": "f16", "bfloat16": "bf16", "bool": "boolean",
    "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "int4": "i4", "int2": "i2",
    "uint8": "u8", "uint16": "u16", "uint32": "u32", "uint64": "u64", "uint4": "u4", "uint2": "u2",
    "float8_e4m3fn": "f8e4m3", "float8_e5m2": "f8e5m2", "float8_e8m0fnu": "f8e8m0", "float4_e2m1fn": "f4e2m1",
}  # fmt: skip


def compare(name: str, found: Any, wanted: Any, case: Case) -> None:
    """Shape, element type and numbers of one output."""
    wanted = np.asarray(wanted)
    if found.shape != wanted.shape:
        raise Wrong("wrong shape", f"output {name!r} is {found.shape}, expected {wanted.shape}")
    if wanted.dtype.kind in "OUS":
        if [_text(x) for x in found.reshape(-1)] != [_text(x) for x in wanted.reshape(-1)]:
            raise Wrong("wrong values", f"the strings of output {name!r} differ")
        return
    if found.dtype != wanted.dtype:
        raise Wrong("wrong type", f"output {name!r} is {found.dtype}, expected {wanted.dtype}")
    random = RANDOM.get(case.key.partition("/")[2])
    if random is not None:
        if not random.accepts(np.asarray(found, np.float64)):
            raise Wrong("wrong values", f"output {name!r} is not {random.what}")
        return
    rtol = max(case.rtol, BFLOAT16) if wanted.dtype.name == "bfloat16" else case.rtol
    if wanted.dtype.name not in NUMPY_NAMES:
        found, wanted = found.astype(np.float32), wanted.astype(np.float32)
    try:
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=case.atol)
    except AssertionError as error:
        raise Wrong("wrong values", f"output {name!r}: {error}") from None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
