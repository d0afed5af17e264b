"""Small ONNX models made in tests, converted, run in OpenVINO and held against onnxruntime (or onnx.reference)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import dragoman
from dragoman.errors import DragomanError, UnsupportedError

Feeds = Mapping[str, np.ndarray]


def port(name: str, kind: Any = TensorProto.FLOAT, shape: Sequence[Any] | None = None) -> onnx.ValueInfoProto:
    """A model's input or output; ``kind`` may be a numpy type, a dimension a name."""
    code = kind if isinstance(kind, int) else helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    return helper.make_tensor_value_info(name, code, shape)


def model_of(
    nodes: Iterable[onnx.NodeProto],
    inputs: Iterable[onnx.ValueInfoProto],
    outputs: Iterable[onnx.ValueInfoProto],
    *,
    opset: int = 17,
    constants: Mapping[str, np.ndarray] | None = None,
    domains: Mapping[str, int] | None = None,
    functions: Sequence[onnx.FunctionProto] = (),
) -> onnx.ModelProto:
    """A model of one graph."""
    held = [onnx.numpy_helper.from_array(v, k) for k, v in (constants or {}).items()]
    graph = helper.make_graph(list(nodes), "g", list(inputs), list(outputs), held)
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, v) for d, v in (domains or {}).items())]
    return helper.make_model(graph, opset_imports=imports, functions=list(functions), ir_version=min(11, 4 + opset))


def run_ir(model: Any, feeds: Feeds, **options: Any) -> list[np.ndarray]:
    """The outputs of the converted model on OpenVINO's CPU plugin, in full precision."""
    import openvino

    converted = dragoman.convert(model, **options).openvino()
    compiled = openvino.Core().compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    results = compiled(dict(feeds))
    return [np.asarray(results[i]) for i in range(len(compiled.outputs))]


def run_ort(model: onnx.ModelProto, feeds: Feeds) -> list[np.ndarray]:
    """The outputs of onnxruntime without optimisation."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return list(session.run(None, dict(feeds)))


def run_reference(model: onnx.ModelProto, feeds: Feeds) -> list[np.ndarray]:
    """The outputs of ONNX's own reference evaluator."""
    from onnx.reference import ReferenceEvaluator

    return [np.asarray(v) for v in ReferenceEvaluator(model).run(None, dict(feeds))]


def assert_same(
    found: Sequence[np.ndarray], expected: Sequence[np.ndarray], rtol: float = 1e-4, atol: float = 1e-5
) -> None:
    """Element types, shapes and numbers agree, output by output."""
    assert len(found) == len(expected)
    for i, (a, b) in enumerate(zip(found, expected, strict=True)):
        assert a.dtype == b.dtype, f"output {i} is {a.dtype}, expected {b.dtype}"
        assert a.shape == b.shape, f"output {i} has shape {a.shape}, expected {b.shape}"
        if b.dtype.kind in "iub":
            np.testing.assert_array_equal(a, b, err_msg=f"output {i}")
        else:
            np.testing.assert_allclose(
                a.astype(np.float64), b.astype(np.float64), rtol=rtol, atol=atol, err_msg=f"output {i}"
            )


def run_both(
    model: onnx.ModelProto, feeds: Feeds, *, reference: str = "ort", rtol: float = 1e-4, atol: float = 1e-5
) -> list[np.ndarray]:
    """Convert, run, and compare with onnxruntime (``ort``) or onnx.reference (``onnx``); returns the IR's outputs."""
    expected = run_ort(model, feeds) if reference == "ort" else run_reference(model, feeds)
    found = run_ir(model, feeds)
    assert_same(found, expected, rtol, atol)
    return found


def refusal(model: Any, **options: Any) -> DragomanError:
    """The UnsupportedError that a conversion ends in; its problems name the layers."""
    with pytest.raises(UnsupportedError) as caught:
        dragoman.convert(model, **options)
    return caught.value
