"""What is in a model file: format, inputs, outputs, layers with counts, weights; no weight is loaded."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from dragoman.graph.graph import CONSTANT, INPUT, Graph, Value
from dragoman.graph.walk import walk


@dataclasses.dataclass(frozen=True)
class Port:
    """A model input or output."""

    name: str
    type: str


@dataclasses.dataclass(frozen=True)
class Inventory:
    """What ``dragoman inspect`` shows."""

    model: str
    framework: str
    format: str
    producer: str
    opsets: dict[str, int]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    layers: dict[str, int]
    weights: int
    weight_bytes: int
    hints: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The versioned JSON document."""
        return {"document": "dragoman.inspect", "version": 1, **dataclasses.asdict(self)}

    def lines(self) -> Iterator[str]:
        """As text."""
        made = f", made by {self.producer}" if self.producer else ""
        yield f"{self.model}: {self.format}{made}"
        if self.opsets:
            yield "opsets: " + ", ".join(f"{d or 'ai.onnx'} {v}" for d, v in self.opsets.items())
        for label, ports in (("input", self.inputs), ("output", self.outputs)):
            for port in ports:
                yield f"{label}: {port.name}  {port.type}"
        yield f"weights: {self.weights} tensors, {self.weight_bytes:,} bytes"
        yield f"layers: {sum(self.layers.values())}"
        width = max((len(op) for op in self.layers), default=1)
        for op, n in sorted(self.layers.items(), key=lambda k: (-k[1], k[0])):
            yield f"  {op:<{width}}  {n}"
        for hint in self.hints:
            yield f"hint: {hint}"


def inventory(graph: Graph, model: str, framework: str) -> Inventory:
    """Count what a source graph holds, bodies included."""
    layers: dict[str, int] = {}
    held = list(graph.info.get("weights", ()))
    weights, weight_bytes = len(held), sum(tensor.nbytes for tensor in held)
    for node in walk(graph):
        if node.op == CONSTANT:
            assert node.tensor is not None
            weights += 1
            weight_bytes += node.tensor.nbytes
        elif node.op != INPUT:
            layers[node.op] = layers.get(node.op, 0) + 1
    info = graph.info
    return Inventory(
        model, framework, str(info.get("format", framework)), str(info.get("producer", "")),
        dict(info.get("opsets", {})),
        tuple(_port(v) for v in graph.inputs), tuple(_port(v) for v in graph.outputs), layers, weights, weight_bytes,
        tuple(info.get("hints", ())),
    )  # fmt: skip


def _port(value: Value) -> Port:
    extra = (value.producer.attrs or {}).get("kind", "") if value.producer.op == INPUT else ""
    return Port(value.label, extra or repr(value.type))
