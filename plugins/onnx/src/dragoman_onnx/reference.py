"""Runs an ONNX model in onnxruntime, for ``dragoman check`` (extra ``dragoman-onnx[check]``)."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dragoman.errors import PluginError
from dragoman.lazy import np


def missing() -> str:
    """The pip line when onnxruntime is not installed."""
    return "" if importlib.util.find_spec("onnxruntime") else "pip install 'dragoman-onnx[check]'"


def run(model: Any, inputs: dict[str, Any], outputs: Sequence[str]) -> dict[str, Any]:
    """Outputs by name, computed without graph optimisations; inputs and outputs may also be inner tensors.

    Raises PluginError D609 when onnxruntime cannot run the model.
    """
    try:
        session = _session(model)
        known = {i.name for i in (*session.get_inputs(), *session.get_overridable_initializers())}
        given_out = {o.name for o in session.get_outputs()}
        required = {i.name for i in session.get_inputs()}
        if not (set(outputs) <= given_out and set(inputs) <= known and required <= set(inputs)):
            session = _session(_cut(model, inputs, outputs), _folder(model))
            known = {i.name for i in (*session.get_inputs(), *session.get_overridable_initializers())}
        arrays = session.run(list(outputs), {n: np.asarray(a) for n, a in inputs.items() if n in known})
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        where = str(model) if isinstance(model, (str, Path)) else f"<{type(model).__name__}>"
        raise PluginError(
            "D609", f"onnxruntime cannot run the model: {first}", where, "check the model and the data"
        ) from error
    return dict(zip(outputs, arrays, strict=True))


def _session(model: Any, folder: Path | None = None) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if folder is not None:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
    given = str(model) if isinstance(model, (str, Path)) else _serialized(model)
    # without its second attempt, which it tells of on stdout
    return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"], enable_fallback=0)


def _folder(model: Any) -> Path | None:
    """Where the model's weights lie, if it is a file."""
    return Path(model).resolve().parent if isinstance(model, (str, Path)) else None


def _serialized(model: Any) -> bytes:
    return bytes(model.SerializeToString()) if hasattr(model, "SerializeToString") else bytes(model)


def _cut(model: Any, inputs: Mapping[str, Any], outputs: Sequence[str]) -> Any:
    """The part of a model between tensors, as a ModelProto; weights beside the file stay there."""
    import onnx
    from onnx import helper

    if isinstance(model, (str, Path)):
        proto = onnx.load(model, load_external_data=False)
    else:
        proto = onnx.load_model_from_string(_serialized(model))
    graph = proto.graph
    made = {name for node in graph.node for name in node.output}
    for name, array in inputs.items():
        if name in made:
            kind = helper.np_dtype_to_tensor_dtype(np.asarray(array).dtype)
            graph.input.append(helper.make_tensor_value_info(name, kind, None))
    needed = _needed(graph, set(inputs), set(outputs))
    kept = [node for node in graph.node if any(name in needed for name in node.output if name not in inputs)]
    for node in kept:
        node.output[:] = [f"{name}/unused" if name in inputs else name for name in node.output]
    del graph.node[:]
    graph.node.extend(kept)
    ports = [i for i in graph.input if i.name in needed or i.name in inputs]
    del graph.input[:]
    graph.input.extend(ports)
    stated = {o.name: o for o in graph.output}
    del graph.output[:]
    graph.output.extend(stated.get(n) or helper.make_empty_tensor_value_info(n) for n in outputs)
    return proto


def _needed(graph: Any, stop: set[str], wanted: set[str]) -> set[str]:
    """Names of all tensors on the way to the wanted ones, not beyond ``stop``."""
    maker = {name: node for node in graph.node for name in node.output if name}
    found, stack = set(wanted), [n for n in wanted if n not in stop]
    while stack:
        node = maker.get(stack.pop())
        if node is None:
            continue
        for name in _read(node):
            if name not in found:
                found.add(name)
                if name not in stop:
                    stack.append(name)
    return found


def _read(node: Any) -> Iterator[str]:
    """The tensors that a node reads, by its sub-graphs too."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for body in (attribute.g, *attribute.graphs):
            for inner in body.node:
                yield from _read(inner)
            yield from (o.name for o in body.output)
