"""The bridge to the OpenVINO runtime, and what runs the custom ops of plugins in it.

    model = dragoman.runtime.load("model.xml")     # an openvino.Model
    core = dragoman.runtime.core("model.xml")      # an openvino.Core that knows the ops of the model

OpenVINO itself is imported when the first function needs it.
"""

from __future__ import annotations

from dragoman.runtime.failures import own_errors
from dragoman.runtime.run import IrRunner, checked_ir, core, core_with, load, model_of
from dragoman.runtime.tensors import from_tensor, import_openvino, to_tensor

__all__ = [
    "IrRunner", "checked_ir", "core", "core_with", "from_tensor", "import_openvino", "load", "model_of", "own_errors",
    "to_tensor",
]  # fmt: skip
