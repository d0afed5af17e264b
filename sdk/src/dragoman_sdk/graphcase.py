"""Small target graphs, held against the OpenVINO runtime: sub-graphs, and values that travel through shape sub-graphs.

    GraphCase(lambda op: op.Relu(op.parameter(f32, (1, 4), "x")), {"x": array}, [expected]).check()

The runtime's inference and numbers are what it is held against.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from dragoman.builder import Builder
from dragoman.graph.graph import Graph, Value
from dragoman.ops.define import OpRegistry
from dragoman_sdk.numerics import compare
from dragoman_sdk.opcase import partial, read, registry, run

if TYPE_CHECKING:
    from dragoman.plugins import PluginHost

    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


@dataclasses.dataclass(frozen=True)
class GraphCase:
    """What a Builder makes: inferred as the runtime infers it, and computed by the runtime.

    Args:
        build: adds nodes with a Builder and returns the output value, or several.
        feeds: arrays by the names of the parameters.
        expected: an array for each output, from a formula or from a framework; None compares types only.
        tolerance: largest error of an output, relative to its largest absolute element.
        ops: the op classes; those of the host, or the core's, by default.
        host: plugins whose extension ops the graph has; they are computed by their runtime ops.
    """

    build: Callable[[Builder], Value | Sequence[Value]]
    feeds: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    expected: Sequence[Any] | None = None
    tolerance: float = 1e-5
    ops: OpRegistry | None = None
    host: PluginHost | None = None

    def graph(self) -> Graph:
        """The graph; outputs without tensor names are called ``y0``, ``y1``..."""
        return built_graph(self.build, known_ops(self.ops, self.host))

    def check(self) -> list[Array]:
        """Assert that types, shapes and (where expected) numbers are the runtime's own; returns its outputs."""
        graph = self.graph()
        assert_types_match(graph, self.host)
        if self.expected is None:
            return []
        found = run(read(graph, self.host), self.feeds)
        expected = {f"output {k}": np.asarray(array) for k, array in enumerate(self.expected)}
        assert len(found) == len(expected), f"{len(found)} outputs, {len(expected)} are expected"
        compare({f"output {k}": array for k, array in enumerate(found)}, expected, self.tolerance).check()
        return found


def built_graph(
    build: Callable[[Builder], Value | Sequence[Value]], ops: OpRegistry, info: Mapping[str, Any] | None = None
) -> Graph:
    """What ``build`` makes, with names at its inputs and outputs."""
    graph = Graph("case")
    graph.info.update(info or {})
    built = build(Builder(graph, ops))
    graph.outputs = [built] if isinstance(built, Value) else list(built)
    for k, value in enumerate(graph.outputs):
        value.names = value.names or (f"y{k}",)
    for value in graph.inputs:
        value.names = value.names or (value.producer.name,)
    return graph


def known_ops(ops: OpRegistry | None, host: PluginHost | None) -> OpRegistry:
    """The op classes of a case: those that it is given, those of its host, or the core's."""
    if ops is not None:
        return ops
    return host.op_registry() if host is not None else registry()


def assert_types_match(graph: Graph, host: PluginHost | None = None) -> None:
    """Element types and partial shapes of the outputs are those that the runtime infers."""
    model = read(graph, host)
    theirs = [(o.get_element_type().get_type_name(), partial(o.get_partial_shape())) for o in model.outputs]
    ours = [(v.dtype.name, v.shape) for v in graph.outputs]
    assert ours == theirs, f"{graph.name}: we infer {ours}, the runtime {theirs}"


def run_graph(graph: Graph, feeds: Mapping[str, Array]) -> list[Array]:
    """Outputs computed by the CPU plugin, after the types were compared."""
    assert_types_match(graph)
    return run(read(graph), feeds)
