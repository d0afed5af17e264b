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


def layer_model(
    op: str,
    feeds: Feeds,
    outputs: str = "y",
    *,
    kinds: Mapping[str, Any] | None = None,
    opset: int = 17,
    domain: str = "",
    constants: Iterable[str] = (),
    dynamic: bool = True,
    **attributes: Any,
) -> onnx.ModelProto:
    """A model of one layer. Its inputs are ``feeds`` in their order: names that begin with ``_`` are left out, those
    in ``constants`` are initializers, and the first dimension of the others is open where ``dynamic``. ``-`` among
    the outputs leaves one out; they are f32 unless ``kinds`` says otherwise.
    """
    names = ["" if n.startswith("_") else n for n in feeds]
    while not names[-1]:
        names.pop()
    held = {n: np.asarray(feeds[n]) for n in constants}
    ports = []
    for name in names:
        if name and name not in held:
            array = np.asarray(feeds[name])
            dims = [f"{name}0" if dynamic and i == 0 and array.ndim > 1 else d for i, d in enumerate(array.shape)]
            ports.append(port(name, array.dtype, dims))
    made = ["" if o == "-" else o for o in outputs.split()]
    node = helper.make_node(op, names, made, domain=domain, **attributes)
    results = [port(o, (kinds or {}).get(o, np.float32)) for o in made if o]
    domains = {"com.microsoft": 1} if domain == "com.microsoft" else {}
    return model_of([node], ports, results, opset=opset, constants=held, domains=domains)


def given(feeds: Feeds, constants: Iterable[str] = ()) -> dict[str, np.ndarray]:
    """The arrays to run a :func:`layer_model` with."""
    return {n: np.asarray(a) for n, a in feeds.items() if n not in set(constants) and not n.startswith("_")}


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


def run_layer(
    op: str,
    feeds: Feeds,
    outputs: str = "y",
    *,
    constants: Iterable[str] = (),
    reference: str = "ort",
    rtol: float = 1e-4,
    atol: float = 1e-5,
    **model: Any,
) -> list[np.ndarray]:
    """:func:`run_both` of a :func:`layer_model`."""
    built = layer_model(op, feeds, outputs, constants=constants, **model)
    return run_both(built, given(feeds, constants), reference=reference, rtol=rtol, atol=atol)
