"""Small target graphs, and the runtime's view of what we write for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dragoman.builder import Builder
from dragoman.graph.graph import Graph
from dragoman.graph.types import dtype, parse_shape
from dragoman.ir.write import ir_bytes, write_ir
from dragoman_sdk.opcase import core, registry

if TYPE_CHECKING:
    import openvino


class Model:
    """A graph under construction: ``m = Model(); x = m.input("x", "1,3"); m.output(m.op.Relu(x), "y")``."""

    def __init__(self) -> None:
        self.graph = Graph("model")
        self.op = Builder(self.graph, registry())

    def input(self, name: str, shape: str = "2,3", kind: str = "f32"):
        return self.op.parameter(dtype(kind), parse_shape(shape), name, (name,))

    def output(self, value, *names: str) -> None:
        self.graph.outputs.append(value)
        self.graph.output_names.append(names)

    def read(self, version: int = 11) -> openvino.Model:
        return read_pair(*ir_bytes(self.graph, version=version))

    def write(self, folder: Path, version: int = 11) -> Path:
        return write_ir(self.graph, folder, "model", version=version)


def read_pair(xml: bytes, weights: bytes) -> openvino.Model:
    """The runtime's reader, from memory."""
    import openvino

    return core().read_model(xml, openvino.Tensor(np.frombuffer(weights or b"\0", np.uint8).copy()))


def infer(model: openvino.Model, **feeds: np.ndarray) -> dict[str, np.ndarray]:
    """Numbers by output tensor name, from the CPU plugin in f32."""
    compiled = core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1})
    results = compiled(feeds)
    return {name: np.array(results[port]) for port in compiled.outputs for name in port.names}


def layer(model: openvino.Model, name: str) -> openvino.Node:
    """The layer of a friendly name."""
    return next(o for o in model.get_ops() if o.get_friendly_name() == name)
