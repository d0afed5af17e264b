"""Models for the tests of replacements, and their numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper
from tests.onnx.support import model_of, port

import dragoman

X = np.linspace(-3, 3, 24, dtype=np.float32).reshape(4, 6)


def node(op: str, inputs: str, output: str, name: str = "", **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(op, inputs.split(), [output], name=name or output, **attributes)


def onnx_model(nodes: list[onnx.NodeProto], output: str = "y", kind: Any = np.float32, **constants: Any) -> Any:
    held = {k: np.asarray(v, kind) for k, v in constants.items()}
    return model_of(nodes, [port("x", kind, [4, 6])], [port(output, kind, [4, 6])], constants=held)


def onnxruntime_of(model: Any, x: Any) -> Any:
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def openvino_of(result: dragoman.Result, x: Any) -> Any:
    import openvino

    compiled = openvino.Core().compile_model(result.openvino(), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return next(iter(compiled(x).values()))


def replaced(model: Any, folder: Path, text: str, **options: Any) -> dragoman.Result:
    (folder / "r.toml").write_text(text)
    return dragoman.convert(model, replacements=folder / "r.toml", **options)


def ops_of(result: dragoman.Result) -> list[str]:
    return [n.op for n in result.graph if n.op not in ("Parameter", "Constant")]


#: |x|, in two layers of a scope
ROOTS = [node("Mul", "x x", "s", "abs/square"), node("Sqrt", "s", "y", "abs/root")]
