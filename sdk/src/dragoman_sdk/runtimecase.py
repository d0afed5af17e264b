"""RuntimeCase: an extension op and its runtime op, run by ``dragoman.runtime`` inside OpenVINO.

    RuntimeCase("Swish6", [x], [expected], {"beta": 2.0}).check()

The op goes through all that it meets at a user's: it is written into an IR, the IR is loaded as
``dragoman.runtime.load`` does it, compiled for the CPU and inferred, also by several requests at a time; then once more
with every dimension of its inputs open.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from dragoman import runtime
from dragoman.builder import Builder
from dragoman.graph.graph import Graph, Node, Value
from dragoman.graph.types import DYNAMIC, TensorType, dtype, dtype_of_numpy, parse_shape
from dragoman.ir.extension import ExtensionOp
from dragoman.ir.owners import record_owners
from dragoman.ir.write import write_ir
from dragoman.plugins import PluginHost
from dragoman_sdk.numerics import compare
from dragoman_sdk.opcase import Const, Input

if TYPE_CHECKING:
    import openvino

    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

CPU = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
#: requests that run at a time
_REQUESTS = 4


@dataclasses.dataclass(frozen=True)
class RuntimeCase:
    """One extension op with inputs and the outputs that it must have.

    Args:
        op: its type.
        inputs: arrays; ``const(...)`` for an input that is a constant of the IR; ``tensor("f32", "?,3", array)`` for
            one with another shape in the IR than its data has.
        expected: arrays, one an output, from the source framework or from a formula; not from the runtime op itself.
        attrs: the op's attributes.
        outputs: ``"f32[2,?]"`` for each output; needed only where no plugin registers a class of the op.
        tolerance: largest error of an output, relative to its largest absolute element.
        dynamic: run it with open dimensions too.
        host: the plugins; the installed ones by default.
    """

    op: str
    inputs: Sequence[Any]
    expected: Sequence[Array]
    attrs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    outputs: Sequence[str] = ()
    tolerance: float = 1e-4
    dynamic: bool = True
    host: PluginHost = dataclasses.field(default_factory=PluginHost)

    def check(self) -> list[Array]:
        """Assert types, shapes and numbers of all outputs; returns them.

        Raises PluginError D610 when no plugin computes the op, D612 when the runtime op fails.
        """
        found = self._check(open_dims=False)
        if self.dynamic and not self.outputs:
            self._check(open_dims=True)
        return found

    def graph(self, open_dims: bool = False) -> Graph:
        """The op alone: inputs ``x0``, ``x1``..., outputs ``y0``, ``y1``..."""
        graph = Graph("case")
        op = Builder(graph, self.host.op_registry())
        values = [self._input(op, k, given, open_dims) for k, given in enumerate(self.inputs)]
        node = self._node(op, values)
        node.name = "tested"
        graph.outputs = list(node.outputs)
        graph.output_names = [(f"y{k}",) for k in range(len(node.outputs))]
        return graph

    def _node(self, op: Builder, values: Sequence[Value | None]) -> Node:
        cls = op.ops.find(self.op, "extension")
        if cls is not None:
            return op.add(cls(**self.attrs), values)
        if not self.outputs:
            raise AssertionError(
                f"no plugin registers an extension op {self.op!r} (dragoman_register_ops): register its class, or "
                "give the case the types of its outputs"
            )
        texts = {name: str(value) for name, value in self.attrs.items()}
        return op.add(ExtensionOp(self.op, texts, tuple(map(_type, self.outputs))), values)

    def _input(self, op: Builder, index: int, given: Any, open_dims: bool) -> Value | None:
        if given is None:
            return None
        if isinstance(given, Const):
            constant: Value = op.constant(given.data, given.kind, name=f"x{index}")
            return constant
        if isinstance(given, Input):
            kind, shape = given.kind, given.shape
        else:
            array = np.asarray(given)
            kind, shape = dtype_of_numpy(array.dtype), array.shape
        if open_dims and shape is not None:
            shape = tuple(DYNAMIC for _ in shape)
        return op.parameter(kind, shape, f"x{index}", (f"x{index}",))

    def _feeds(self) -> dict[str, Array]:
        feeds = {}
        for index, given in enumerate(self.inputs):
            if isinstance(given, Input):
                assert given.data is not None, f"input {index} needs data"
                feeds[f"x{index}"] = np.asarray(given.data, given.kind.numpy)
            elif given is not None and not isinstance(given, Const):
                feeds[f"x{index}"] = np.asarray(given)
        return feeds

    def _check(self, *, open_dims: bool) -> list[Array]:
        graph = self.graph(open_dims)
        record_owners(graph, self.host.owner_of_op)
        with tempfile.TemporaryDirectory(prefix="runtimecase-") as folder:
            xml = write_ir(graph, Path(folder), "case")
            compiled = runtime.core_with().compile_model(runtime.load(xml, host=self.host), "CPU", CPU)
        alone = _run(compiled, self._feeds())
        expected = {f"y{k}": np.asarray(array) for k, array in enumerate(self.expected)}
        how = "with open dimensions" if open_dims else "with the shapes of its inputs"
        self._compare(alone, expected, how)
        for found in _run_together(compiled, self._feeds()):
            self._compare(found, expected, f"{how}, {_REQUESTS} requests at a time")
        return alone

    def _compare(self, found: Sequence[Array], expected: Mapping[str, Array], how: str) -> None:
        assert len(found) == len(expected), f"{self.op} has {len(found)} outputs, {len(expected)} are expected"
        compare({f"y{k}": a for k, a in enumerate(found)}, expected, self.tolerance).check(f"{self.op} {how}")


def _run(compiled: openvino.CompiledModel, feeds: Mapping[str, Array]) -> list[Array]:
    """The outputs of one request that is waited for: the way on which no error of an op is lost."""
    request = _request(compiled, feeds)
    with runtime.own_errors():
        request.infer()
    return _outputs(compiled, request)


def _run_together(compiled: openvino.CompiledModel, feeds: Mapping[str, Array]) -> list[list[Array]]:
    """The outputs of requests that are all started before one is waited for."""
    requests = [_request(compiled, feeds) for _ in range(_REQUESTS)]
    with runtime.own_errors():
        for request in requests:
            request.start_async()
        for request in requests:
            request.wait()
    return [_outputs(compiled, request) for request in requests]


def _request(compiled: openvino.CompiledModel, feeds: Mapping[str, Array]) -> openvino.InferRequest:
    request = compiled.create_infer_request()
    for name, array in feeds.items():
        port = compiled.input(name)
        request.set_tensor(port, runtime.to_tensor(array, port.get_element_type()))
    return request


def _outputs(compiled: openvino.CompiledModel, request: openvino.InferRequest) -> list[Array]:
    return [runtime.from_tensor(request.get_tensor(port)) for port in compiled.outputs]


def _type(text: str) -> TensorType:
    name, _, shape = text.rstrip("]").partition("[")
    return TensorType(dtype(name), parse_shape(shape))
