"""Writes a part of a source graph as a prototxt of today's form: inputs, and the layers that some outputs need.

What a state leaves out is gone, old forms are upgraded, and nothing works in place: each value has a blob of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dragoman.graph.graph import CONSTANT, INPUT, Graph, Node, Value
from dragoman_caffe.definitions import Definitions
from dragoman_caffe.message import Message
from dragoman_caffe.net import STRUCTURE, CaffeNet
from dragoman_caffe.parameters import message_of

#: defaults that OpenCV does not share
_STATED = {
    "LRNParameter": ("local_size", "alpha", "beta", "k"),
    "DetectionOutputParameter": ("background_label_id", "share_location"),
    "PriorBoxParameter": ("flip", "clip", "offset"),
    "NormalizeParameter": ("across_spatial", "channel_shared", "eps"),
}


class Unwritable(Exception):
    """The part that is wanted cannot be cut out of the net."""


@dataclasses.dataclass(frozen=True)
class Part:
    """A written net.

    Attributes:
        text: the prototxt.
        blobs: blob name of each input, by the caller's name.
        sources: (layer name, index of its top, blob name) of each output, by the caller's name.
        nodes: the layers in it.
    """

    text: str
    blobs: dict[str, str]
    sources: dict[str, tuple[str, int, str]]
    nodes: tuple[Node, ...]


def write_part(
    graph: Graph, definitions: Definitions, inputs: Mapping[str, Sequence[int]], outputs: Sequence[str]
) -> Part:
    """The part between inputs of these shapes and these outputs; names are those of tensors or layers."""
    named = _named(graph)
    given = {id(named[name]): name for name in inputs if name in named}
    nodes = _needed(graph, given, [_found(named, name) for name in outputs])
    net: CaffeNet = graph.info["caffe"]
    blobs = _Blobs(graph)
    lines = [_input(blobs.of(named[name]), inputs[name]) for name in given.values()]
    lines += [_layer(net.layers[node.name], _title(net, node), node, blobs, definitions) for node in nodes]
    ends = {name: _found(named, name) for name in outputs}
    sources = {n: (_title(net, v.producer), v.index, blobs.of(v)) for n, v in ends.items()}
    return Part("\n".join(lines) + "\n", {n: blobs.of(named[n]) for n in given.values()}, sources, tuple(nodes))


class _Blobs:
    """A name for each value, one that no layer has."""

    def __init__(self, graph: Graph) -> None:
        taken = {n.name for n in graph}
        self.prefix = "b"
        while any(name.startswith(self.prefix) and name[len(self.prefix) :].isdigit() for name in taken):
            self.prefix += "b"
        self.names: dict[int, str] = {}

    def of(self, value: Value) -> str:
        return self.names.setdefault(id(value), f"{self.prefix}{len(self.names)}")


def _named(graph: Graph) -> dict[str, Value]:
    """Values by tensor name, and by layer name where that is no tensor's."""
    found: dict[str, Value] = {}
    for node in graph:
        if node.outputs:
            found[node.name] = node.outputs[0]
    for node in graph:
        for value in node.outputs:
            found.update(dict.fromkeys(value.names, value))
    return found


def _found(named: Mapping[str, Value], name: str) -> Value:
    if name not in named:
        raise Unwritable(f"the net has no blob {name!r}")
    return named[name]


def _needed(graph: Graph, given: Mapping[int, str], ends: Sequence[Value]) -> list[Node]:
    wanted: set[int] = set()
    stack = list(ends)
    while stack:
        value = stack.pop()
        node = value.producer
        if id(value) in given or id(node) in wanted:
            continue
        if node.op in (INPUT, CONSTANT):
            raise Unwritable(f"there are no data for {value.label!r}")
        wanted.add(id(node))
        stack += [v for v in node.inputs if v is not None]
    return [node for node in graph if id(node) in wanted]


def _title(net: CaffeNet, node: Node) -> str:
    """The name that the weights are found by."""
    message = net.layers.get(node.name)
    return str(message.get("name") or node.name) if message is not None else ""


def _input(blob: str, shape: Sequence[int]) -> str:
    dims = " ".join(f"dim: {d}" for d in shape)
    return f'layer {{ name: "{blob}" type: "Input" top: "{blob}" input_param {{ shape {{ {dims} }} }} }}'


def _layer(message: Message, title: str, node: Node, blobs: _Blobs, definitions: Definitions) -> str:
    parts = [f"name: {_quoted(title)}", f"type: {_quoted(message['type'])}"]
    parts += [f"bottom: {_quoted(blobs.of(v))}" for v in node.inputs if v is not None]
    parts += [f"top: {_quoted(blobs.of(v))}" for v in node.outputs]
    own = message_of(message["type"])
    fields = {n: v for n, v in message.items() if n not in STRUCTURE}
    if definitions.field("LayerParameter", own) is not None:
        fields.setdefault(own, {})
    parts += _fields(fields, "LayerParameter", definitions)
    return f"layer {{ {' '.join(parts)} }}"


def _fields(fields: Mapping[str, Any], kind: str, definitions: Definitions) -> Iterator[str]:
    """The fields as text, for readers that know today's names only and have defaults of their own."""
    held = {name: value for name, value in fields.items() if not name.endswith("_filler")}
    if "round_mode" in held:  # a bool in forks
        held["ceil_mode"] = held.pop("round_mode") == "CEIL"
    if kind == "PriorBoxParameter":
        held.setdefault("variance", [0.1])  # prior_box_layer.cpp
    for name in _STATED.get(kind, ()):
        held.setdefault(name, definitions.default(kind, name))
    for name, value in held.items():
        field = definitions.field(kind, name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                inner = " ".join(_fields(item, field.type if field is not None else "", definitions))
                yield f"{name} {{ {inner} }}"
            else:
                bare = field is not None and field.kind == "enum"
                yield f"{name}: {item if bare else _scalar(item)}"


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    plain = {c for c in map(chr, range(32, 127)) if c not in '"\\'}
    return '"' + "".join(c if c in plain else "".join(f"\\{b:03o}" for b in c.encode()) for c in text) + '"'
