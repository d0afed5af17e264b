"""Runs a Caffe model for ``dragoman check``: in Caffe itself where one is named, else in OpenCV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dragoman.errors import PluginError
from dragoman.frontends.contract import Model
from dragoman.graph.graph import Graph
from dragoman.lazy import np
from dragoman_caffe.definitions import built_in
from dragoman_caffe.frontend import CaffeFrontend
from dragoman_caffe.net import CaffeNet
from dragoman_caffe.opencv import OpenCvFailed, missing, run_in_opencv
from dragoman_caffe.oracle import Caffe, CaffeFailed
from dragoman_caffe.shape_answers import asked_net, caffe_python

__all__ = ["missing_caffe", "missing_opencv", "run_caffe", "run_opencv"]
missing_opencv = missing


def missing_caffe(options: Mapping[str, Any]) -> str:
    """What to do when no interpreter with pycaffe is named."""
    return "" if caffe_python(options) else "name a Python that has Caffe: --caffe-python PATH"


def run_caffe(model: Any, inputs: dict[str, Any], outputs: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Blobs by name as they stand after Caffe's forward pass; PluginError D609 when Caffe cannot run the net."""
    graph = _graph(model, options)
    net: CaffeNet = graph.info["caffe"]
    if net.has_weights and net.weights is None:
        raise _failed("pycaffe", "the .caffemodel is in memory, and a file is needed", model)
    try:
        found = Caffe(caffe_python(options)).run(asked_net(net), net.weights, inputs, outputs)
    except CaffeFailed as error:
        raise _failed("pycaffe", error.what, model, error.hint) from error
    return _as_openvino_gives(found, graph, inputs)


def run_opencv(
    model: Any, inputs: dict[str, Any], outputs: Sequence[str], options: Mapping[str, Any]
) -> dict[str, Any]:
    """The same in OpenCV; PluginError D609 also for layers whose numbers are known not to be Caffe's."""
    graph = _graph(model, options)
    try:
        found = run_in_opencv(graph, built_in(), inputs, outputs)
    except OpenCvFailed as error:
        raise _failed("OpenCV", str(error), model, "name a Python that has Caffe: --caffe-python PATH") from error
    return _as_openvino_gives(found, graph, inputs)


def _graph(model: Any, options: Mapping[str, Any]) -> Graph:
    """The net once more, by the same options."""
    return CaffeFrontend().load(Model(model), options)


def _failed(who: str, what: str, model: Any, hint: str = "") -> PluginError:
    where = str(model) if isinstance(model, (str, Path)) else f"<{type(model).__name__}>"
    return PluginError("D609", f"{who} cannot run the model: {what}", where, hint or "check the model and the data")


def _as_openvino_gives(found: dict[str, Any], graph: Graph, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Detections in the runtime's form: all rows that there may be, the end marked by a row whose image is -1."""
    batch = next((np.shape(a)[0] for a in inputs.values() if np.ndim(a)), 1)
    for node in graph:
        kept = (node.attrs or {}).get("detection_output_param.keep_top_k", -1)
        for value in node.outputs if node.op == "DetectionOutput" and kept > 0 else ():
            for name in (n for n in (*value.names, node.name) if n in found):
                found[name] = _padded(found[name], batch * kept)
    return found


def _padded(rows: Any, count: int) -> Any:
    """Rows by image, label and falling score, then the end: OpenCV has another order, and zeros at the end."""
    held = rows.reshape(-1, rows.shape[-1])
    held = held[(held[:, 0] >= 0) & (held[:, 1] >= 0) & held.any(axis=1)]
    out = np.zeros((1, 1, max(count, len(held)), rows.shape[-1]), rows.dtype)
    out[0, 0, : len(held)] = held[np.lexsort((-held[:, 2], held[:, 1], held[:, 0]))]
    if len(held) < count:
        out[0, 0, len(held), 0] = -1
    return out
