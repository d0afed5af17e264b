"""What differs between IR versions, and how the names of a graph are spelled in each.

v11 keeps the tensor names of a model output on its Result (``output_names``). v10 has no such attribute: runtimes take
an output's names from the port that feeds it and add the *layer* names of inputs and of the layers that feed outputs,
refusing a model in which two tensors would share one. So for v10 a value may be one output only, and the layers at the
border are called like their tensors.
"""

from __future__ import annotations

from dragoman.errors import UsageError
from dragoman.graph.graph import Graph, Node, Value
from dragoman.ops.conversion import Convert
from dragoman.ops.creation import Identity

VERSIONS = (10, 11)


def check_version(version: int) -> int:
    """The IR version if it can be written; UsageError D102 otherwise."""
    if version not in VERSIONS:
        raise UsageError(
            "D102", f"IR version {version} cannot be written", "option --ir-version", "versions 10 and 11 can"
        )
    return version


def separate_outputs(graph: Graph, version: int = 11) -> None:
    """Give an output a value of its own where the runtime could not keep its tensor names apart.

    When the runtime compiles a model in which one tensor is two outputs, or an input is an output, the tensor is left
    with the names of the last one (measured, 2026.4.1, CPU). A Convert to the same type stands between; the runtime
    removes it again and keeps the names. Nothing is added where the names agree.
    """
    taken: dict[int, frozenset[str]] = {id(v): frozenset(v.names) for v in graph.inputs}
    for k, value in enumerate(list(graph.outputs)):
        wanted = graph.names_of_output(k)
        held = taken.setdefault(id(value), frozenset(wanted))
        first = graph.outputs.places(value)[0] == k and value not in graph.inputs
        if first or (held == frozenset(wanted) and version > 10):
            continue
        own = value.names if version == 10 or not graph.output_names else ()
        graph.fix_output_names()
        if value in graph.inputs:  # no tensor name on two values; the first is the input's own
            value.names = value.names[:1] + tuple(n for n in value.names[1:] if n not in wanted)
            own, held = (), frozenset(value.names)
        names = tuple(n for n in wanted if n not in own and n not in held)
        if version == 10:
            graph.output_names[k] = names
        graph.outputs[k] = _passed_on(graph, value, names, k)


def _passed_on(graph: Graph, value: Value, names: tuple[str, ...], k: int) -> Value:
    name = names[0] if names else f"{value.producer.name}/output_{k}"
    attrs = Identity() if value.dtype.kind == "string" else Convert(destination_type=value.dtype)
    node = Node(attrs.type, [value], attrs, name=name, origin=value.producer.origin)
    node.out.type = value.type
    node.out.names = names
    if value not in graph.inputs:
        value.names = tuple(n for n in value.names if n not in names)
    graph.append(node)
    return node.out


class Naming:
    """The names that the layers, tensors and outputs of a model get in one IR version."""

    def __init__(self, graph: Graph, version: int) -> None:
        self.results = [graph.names_of_output(k) for k in range(len(graph.outputs))]
        self.on_results = version > 10
        self._values: dict[int, tuple[str, ...]] = {}
        self._layers: dict[int, str] = {}
        for value, names in zip(graph.outputs, self.results, strict=True):
            if version == 10:
                self._values[id(value)] = names or value.names
            else:  # also on the port, for runtimes that do not know ``output_names``
                self._values[id(value)] = value.names + tuple(n for n in names if n not in value.names)
        if version == 10:
            self._call_layers_like_tensors(graph)

    def _call_layers_like_tensors(self, graph: Graph) -> None:
        for value in [*graph.inputs, *graph.outputs]:
            names = self.of_value(value)
            if names and len(value.producer.outputs) == 1:
                self._layers.setdefault(id(value.producer), names[0])

    def of_layer(self, node: Node) -> str:
        """The friendly name."""
        return self._layers.get(id(node), node.name) if self._layers else node.name

    def of_value(self, value: Value) -> tuple[str, ...]:
        """The tensor names on the port."""
        return self._values.get(id(value), value.names)
