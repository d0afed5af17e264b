"""Runs an ONNX model in onnxruntime, for ``dragoman check`` (extra ``dragoman-onnx[check]``)."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dragoman.errors import PluginError


def missing() -> str:
    """The pip line when onnxruntime is not installed."""
    return "" if importlib.util.find_spec("onnxruntime") else "pip install 'dragoman-onnx[check]'"


def run(model: Any, inputs: dict[str, Any], outputs: Sequence[str]) -> dict[str, Any]:
    """Outputs by name, computed without graph optimisations; PluginError D609 when onnxruntime cannot run the model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    given = str(model) if isinstance(model, (str, Path)) else bytes(_serialized(model))
    try:
        session = onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
        known = {i.name for i in session.get_inputs()}
        arrays = session.run(list(outputs), {n: a for n, a in inputs.items() if n in known})
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise PluginError(
            "D609", f"onnxruntime cannot run the model: {first}", str(model)[:200], "check the model and the data"
        ) from error
    return dict(zip(outputs, arrays, strict=True))


def _serialized(model: Any) -> bytes:
    return bytes(model.SerializeToString()) if hasattr(model, "SerializeToString") else bytes(model)
