"""Makes a smaller model of a graph: other outputs, other inputs, an input that becomes a constant.

Works on source graphs and target graphs alike. What is no longer needed goes, the inputs among it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from dragoman.errors import UsageError, did_you_mean
from dragoman.graph.graph import CONSTANT, Graph, Node, Origin, Value
from dragoman.graph.tensor import Tensor
from dragoman.graph.types import TensorType
from dragoman.graph.walk import passed_out, remove_dead, walk

#: one input of one node
Slot: TypeAlias = tuple[Node, int]


def find_value(graph: Graph, text: str) -> Value | Slot:
    """The value, or the input of a node, that a user names.

    In this order: a tensor's name; a node's name (its first output); ``name:port``, an output of a node; ``port:name``,
    an input of a node. Of several nodes with one name the first counts. UsageError D110 when there is nothing of the
    kind, with the closest names.
    """
    nodes: dict[str, Node] = {}
    for node in graph:
        for value in node.outputs:
            if text in value.names:
                return value
        if node.name:
            nodes.setdefault(node.name, node)
    if text in nodes:
        return _output(nodes[text], 0, text)
    name, _, port = text.rpartition(":")
    if name in nodes and port.isdecimal():
        return _output(nodes[name], int(port), text)
    port, _, name = text.partition(":")
    if name in nodes and port.isdecimal():
        node = nodes[name]
        if int(port) < len(node.inputs) and node.inputs[int(port)] is not None:
            return node, int(port)
        raise UsageError("D110", f"{node!r} has no input {port}", text, f"it has {len(node.inputs)}, counted from 0")
    raise UsageError("D110", f"the model has no tensor or layer {text!r}", _inside(graph, text), _closest(graph, text))


def _output(node: Node, port: int, text: str) -> Value:
    if port < len(node.outputs):
        return node.outputs[port]
    raise UsageError("D110", f"{node!r} has no output {port}", text, f"it has {len(node.outputs)}, counted from 0")


def _inside(graph: Graph, text: str) -> str:
    """Where else the name stands: in the body of a layer, which cannot be cut."""
    for owner in graph:
        for body in owner.bodies.values():
            for node in walk(body):
                if node.name == text or any(text in v.names for v in node.outputs):
                    return f"it stands inside {owner!r}, whose body cannot be cut"
    return ""


def _closest(graph: Graph, text: str) -> str:
    last = text.replace("/", ".").rsplit(".", 1)[-1].lower()
    names = {n for node in graph for n in (node.name, *(t for v in node.outputs for t in v.names)) if n}
    if len(names) > 2000:  # comparing every name of a large model would take seconds
        names = {n for n in names if last in n.lower() or n[:4] == text[:4]}
    return did_you_mean(text, sorted(names)[:2000]) or "list the layers with dragoman inspect"


def cut_outputs(graph: Graph, outputs: Sequence[Value]) -> None:
    """Make these values the model's outputs, in this order; nodes and inputs that only others needed go.

    Their tensor names stay: those that the model declared for an output, else the value's own, else the node's name.
    """
    names = []
    for value in outputs:
        held = graph.outputs.places(value)
        known = graph.names_of_output(held[0]) if held else value.names
        names.append(known or (_node_name(value),))
    graph.outputs = outputs
    graph.output_names = names
    _drop_unneeded(graph)


def _node_name(value: Value) -> str:
    node = value.producer
    return node.name if len(node.outputs) == 1 else f"{node.name}:{value.index}"


def cut_input(graph: Graph, place: Value | Slot, parameter: Node) -> Value:
    """Let a new input node stand for a value (for all its readers) or for one input of one node; returns its value.

    Nodes and inputs that are no longer needed go. A value that is also an output of the model keeps its producer.
    """
    new = parameter.out
    if isinstance(place, Value):
        graph.insert_after(place.producer, parameter)
        if place in graph.inputs:
            graph.inputs.replace(place, new)
        else:
            graph.inputs.append(new)
        _redirect(graph, place, new)
    else:
        node, slot = place
        graph.insert_before(node, parameter)
        graph.inputs.append(new)
        node.set_input(slot, new)
    _drop_unneeded(graph, also=[place] if isinstance(place, Value) else [])
    return new


def freeze(value: Value, tensor: Tensor) -> Value:
    """Let a constant stand for a value of a source graph; returns the constant's value, which takes over the names.

    An input that is frozen is no input any more; an output that is frozen is the constant.
    """
    graph = value.producer.graph
    assert graph is not None
    node = Node(CONSTANT, attrs={}, tensor=tensor, name=f"{value.producer.name}/frozen", origin=_origin(value))
    node.out.type = TensorType(tensor.dtype, tensor.shape)
    node.info["frozen"] = {}
    graph.insert_after(value.producer, node)
    if value in graph.inputs:
        graph.inputs.remove(value)
    _redirect(graph, value, node.out)
    graph.outputs.replace(value, node.out)
    node.out.names, value.names = value.names, ()
    _drop_unneeded(graph, also=[value])
    return node.out


def _origin(value: Value) -> Origin:
    origin = value.producer.origin or Origin()
    return Origin(origin.framework, value.producer.name, "Constant", origin.file, origin.position)


def _redirect(graph: Graph, old: Value, new: Value) -> None:
    """Let every reader of ``old``, bodies included, read ``new``; the model's outputs keep ``old``."""
    for node, slot in list(old.uses):
        node.set_input(slot, new)
    if any(v is old for v in passed_out(graph)):
        for body in _bodies(graph):
            body.outputs.replace(old, new)


def _bodies(graph: Graph) -> Iterator[Graph]:
    for node in walk(graph):
        yield from node.bodies.values()


def _drop_unneeded(graph: Graph, also: Iterable[Value] = ()) -> None:
    """Remove what is dead, and the inputs that were read before and are not now."""
    needed = {id(v) for v in (*passed_out(graph), *graph.outputs)}
    needed |= {id(v) for v in graph.inputs if not v.uses}  # unread from the beginning
    remove_dead(graph)
    gone = [v for v in graph.inputs if not v.uses and id(v) not in needed]
    without = {id(v) for v in gone}
    graph.inputs = [v for v in graph.inputs if id(v) not in without]
    for value in (*gone, *also):
        node = value.producer
        if node.graph is graph and not any(v.uses or v in graph.outputs for v in node.outputs):
            graph.remove(node)
