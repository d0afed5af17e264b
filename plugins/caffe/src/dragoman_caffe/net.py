"""Wires the layers of a net into a source graph, by the rules that Caffe's ``Net::Init`` holds them to.

In-place layers make a new version of a blob, and later readers see the last one; the outputs are the blobs that nothing
reads, in alphabetical order. Source: ``net.cpp`` (Init, AppendTop, AppendBottom), ``insert_splits.cpp``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dragoman.errors import Problem, SourceError, did_you_mean
from dragoman.graph.graph import INPUT, Graph, Node, Origin, Value
from dragoman.graph.types import Shape, TensorType, f32
from dragoman.graph.walk import remove_dead
from dragoman_caffe.checks import SINKS, SOURCES, faults, other_rates
from dragoman_caffe.deploy import DATA_TYPES, data_shape
from dragoman_caffe.inplace import spoils_its_input
from dragoman_caffe.message import Message, flat, strange, unreachable
from dragoman_caffe.state import State
from dragoman_caffe.text import Text
from dragoman_caffe.weights import MAX_AXES, Blob, Stored

#: fields of a layer that are not parameters of what it computes
STRUCTURE = frozenset({
    "name", "type", "bottom", "top", "blobs", "param", "include", "exclude", "phase", "loss_weight", "propagate_down",
    "blobs_lr", "weight_decay", "blob_share_mode",
})  # fmt: skip
_INT_MAX = (1 << 31) - 1
#: faults that get a hint of their own; looking for one takes time that grows with the net
_HINTS = 50


@dataclasses.dataclass
class CaffeNet:
    """What a Caffe graph carries besides its nodes; ``graph.info["caffe"]``.

    Attributes:
        text: the prototxt as the user gave it.
        prototxt: its path, None when it is in memory.
        weights: path of the ``.caffemodel``, None without one.
        has_weights: a ``.caffemodel`` was read.
        allow_missing: layers without weights keep their fillers.
        state: phase, level and stages.
        layers: the layers that take part, in today's form, by the name of their node.
        remarks: what was noticed about a layer while it was read, by the name of its node.
        filled: the layers whose weights were made by fillers.
    """

    text: Text
    prototxt: Path | None
    weights: Path | None
    has_weights: bool
    allow_missing: bool
    state: State
    layers: dict[str, Message] = dataclasses.field(default_factory=dict)
    remarks: dict[str, str] = dataclasses.field(default_factory=dict)
    filled: dict[str, None] = dataclasses.field(default_factory=dict)


def build(net: CaffeNet, layers: list[Message], stored: Stored | None, name: str) -> Graph:
    """The source graph of a net; SourceError D210 with every fault of its wiring."""
    return _Wiring(net, layers, stored, name).run()


class _Wiring:
    def __init__(self, net: CaffeNet, layers: list[Message], stored: Stored | None, name: str) -> None:
        self.net = net
        self.layers = layers
        self.blobs = stored.blobs if stored is not None else {}
        self.twice = stored.twice if stored is not None else frozenset()
        self.graph = Graph(name)
        self.made: dict[str, Value] = {}
        self.makers: dict[str, str] = {}
        self.reads: dict[int, int] = {}
        self.inputs: set[int] = set()
        self.names: set[str] = set()
        self.copies: dict[str, int] = {}
        self.owners: dict[str, list[Blob]] = {}
        self.problems: list[Problem] = []

    def run(self) -> Graph:
        self._shared_blobs()
        for layer, what in other_rates(self.layers):
            self._complain(layer, f"the layer {_shown(layer)} {what}", "Caffe takes one for all that share it")
        for layer in self.layers:
            self._layer(layer)
        graph = self.graph
        left = [blob for blob, value in self.made.items() if not self.reads.get(id(value))]
        self._check_outputs(left)
        if self.problems:
            raise self._fault()
        for blob, value in self.made.items():
            if not value.names:
                taken = any(blob in v.names for v in graph.inputs)
                value.names = (blob,) if not taken else (value.producer.name,)
        graph.outputs = [self.made[blob] for blob in sorted(left, key=lambda b: b.encode())]
        if not graph.outputs:
            raise SourceError("D210", "the net gives nothing out: every blob is read by some layer", self.net.text.name,
                              "remove the Silence layers")  # fmt: skip
        graph.info.update({"caffe": self.net, "format": "Caffe"})
        remove_dead(graph, keep=lambda node: node.op == INPUT)
        return graph

    def _check_outputs(self, left: Iterable[str]) -> None:
        """In IR an input and an output cannot share a name; a blob that is overwritten in between would be both."""
        inputs = {name for value in self.graph.inputs for name in value.names}
        for blob in left:
            node = self.made[blob].producer
            if blob in inputs and node.op != INPUT and node.name in self.net.layers:
                self._complain(
                    self.net.layers[node.name],
                    f"the blob {blob!r} is an input and, overwritten in place, an output of the net",
                    "give the layer's top another name",
                )

    def _fault(self) -> SourceError:
        found = self.problems
        what = found[0].what if len(found) == 1 else f"the net has {len(found)} faults"
        where = found[0].where if len(found) == 1 else self.net.text.name
        hint = found[0].hint if len(found) == 1 else ""
        return SourceError("D210", what, where, hint or "mend the prototxt", problems=found if len(found) > 1 else ())

    def _complain(self, layer: Message, what: str, hint: str = "") -> None:
        remark = self._remark(layer)
        at = layer.at
        self.problems.append(
            Problem(what, self.net.text.place(at), "; ".join(h for h in (remark, hint) if h), "D210", _shown(layer))
        )

    def _shared_blobs(self) -> None:
        """Blobs with a common ``param`` name are one blob: of what a file holds for them, the last counts."""
        shared: dict[str, list[tuple[str, int]]] = {}
        loose: set[tuple[str, int]] = set()
        for layer in self.layers:
            for index, spec in enumerate(layer.items_of("param")):
                if isinstance(spec, Message) and spec.get("name"):
                    place = layer.get("name", ""), index
                    if spec.get("share_mode") == "PERMISSIVE":
                        loose.update((place, *shared.get(spec["name"], ())[:1]))
                    shared.setdefault(spec["name"], []).append(place)
        order = {name: k for k, name in enumerate(self.blobs)}
        copies: dict[str, list[Blob]] = {}
        for places in shared.values():
            if len(places) < 2:
                continue
            held = [p for p in places if len(self.blobs.get(p[0], ())) > p[1]]
            if not held:
                continue
            name, index = max(held, key=lambda p: order[p[0]])
            for other, slot in places:
                mine = copies.setdefault(other, list(self.blobs.get(other, ())))
                blob = dataclasses.replace(self.blobs[name][index], lent=(other, slot) in loose)
                mine[slot : slot + 1] = [blob] if slot <= len(mine) else []
        self.blobs = {**self.blobs, **copies}

    def _layer(self, layer: Message) -> None:
        kind = layer.get("type", "")
        if not kind:
            self._complain(layer, f"the layer {_shown(layer)} has no type")
            return
        if kind.startswith("@"):  # how the graph calls its own inputs and constants
            self._complain(layer, f"{kind!r} is not a layer type")
            return
        self._unreadable(layer, kind)
        for what, hint in faults(layer):
            self._complain(layer, f"the layer {_shown(layer)} {what}", hint)
        bottoms = [self._bottom(layer, name) for name in layer.items_of("bottom")]
        if kind in SINKS:
            return
        if kind in SOURCES:
            self._input_layer(layer, kind)
            return
        tops = layer.items_of("top")
        name = self._unique(layer)
        op = kind
        if kind == "Python" and isinstance(layer.get("python_param"), Message):
            python = layer["python_param"]
            op = f"Python:{python.get('module', '')}.{python.get('layer', '')}"
        attrs: dict[str, Any] = {}
        for field, value in layer.items():
            if field not in STRUCTURE:
                attrs.update(flat({field: value}, ""))
        held = self.blobs.get(layer.get("name", ""))
        if held:
            attrs["blobs"] = held
        elif layer.get("blobs"):
            self._complain(layer, f"the layer {_shown(layer)} has its weights in the prototxt", "save a .caffemodel")
        node = Node(op, bottoms, attrs, outputs=len(tops), name=name, origin=self._origin(layer, kind))
        self.graph.append(node)
        if remark := self._remark(layer):
            self.net.remarks[name] = remark
        self.net.layers[name] = layer
        for index, top in enumerate(tops):
            self._top(layer, index, top, node.outputs[index])
        if held and (layer["name"] in self.twice or layer["name"] != name):
            self._complain(
                layer,
                f"two layers are called {layer['name']!r}, and the weights of that name cannot be told apart",
                "Caffe gives both weights to the first; rename one of them in both files",
            )

    def _unreadable(self, layer: Message, kind: str) -> None:
        """Complain of unknown fields that no extractor is asked to read, and which would go unnoticed."""
        found = list(strange(layer, "") if kind == "Input" else unreachable(layer))
        if not found:
            return
        remark = "; ".join(_noticed(self.net.text, found))
        what = f"the layer {_shown(layer)} has a field that nothing reads: {found[0][0]!r}"
        at = self.net.text.place(found[0][1])
        self.problems.append(Problem(what, at, remark, "D210", _shown(layer)))

    def _bottom(self, layer: Message, blob: str) -> Value:
        value = self.made.get(blob)
        if value is None:
            hint = self._where_is(blob) if len(self.problems) < _HINTS else ""
            self._complain(layer, f"the layer {_shown(layer)} reads the blob {blob!r}, which no layer before it makes",
                           hint)  # fmt: skip
            value = Node(INPUT, attrs={}).out
            self.made[blob] = value
        self.reads[id(value)] = self.reads.get(id(value), 0) + 1
        return value

    def _where_is(self, blob: str) -> str:
        later = next((_shown(other) for other in self.layers if blob in other.items_of("top")), "")
        return f"{later} makes it, and stands later" if later else did_you_mean(blob, list(self.made))

    def _top(self, layer: Message, index: int, blob: str, value: Value) -> None:
        bottoms = layer.items_of("bottom")
        held = self.made.get(blob)
        if held is not None:
            if index >= len(bottoms) or bottoms[index] != blob or self.reads.get(id(held), 0) > 1:
                self._complain(
                    layer,
                    f"the blob {blob!r} is made by {self.makers.get(blob, 'another layer')} and by {_shown(layer)}",
                    "a layer may write over its own input only if it is the only one that reads it",
                )
            elif why := spoils_its_input(layer, index):
                self._complain(layer, f"the layer {_shown(layer)} works in place: {why}", "give its top another name")
            held.names = tuple(n for n in held.names if id(held) in self.inputs)
        self.made[blob] = value
        self.makers[blob] = _shown(layer)

    def _input_layer(self, layer: Message, kind: str) -> None:
        tops = layer.items_of("top")
        for index, top in enumerate(tops):
            shape = self._shape_of(layer, kind, index)
            name = self._unique(layer) if len(tops) == 1 else self._free(top)
            node = Node(INPUT, attrs={}, name=name, origin=self._origin(layer, kind))
            node.out.type = TensorType(f32, shape)
            node.out.names = (top,)
            self.graph.append(node)
            self.graph.inputs.append(node.out)
            self.inputs.add(id(node.out))
            if top in self.made:
                self._complain(
                    layer, f"the blob {top!r} is made by {self.makers.get(top, 'another layer')} and {_shown(layer)}"
                )
            self.made[top] = node.out
            self.makers[top] = _shown(layer)

    def _shape_of(self, layer: Message, kind: str, index: int) -> Shape:
        if kind in DATA_TYPES:
            return data_shape(layer, index, self.layers, self.blobs)
        if kind == "MemoryData":
            p = layer.get("memory_data_param") or Message("")
            dims = [p.get("batch_size", 0)]
            if index == 0:
                dims += [p.get("channels", 0), p.get("height", 0), p.get("width", 0)]
        else:
            shapes = (layer.get("input_param") or Message("")).items_of("shape")
            if not shapes:
                return None
            if len(shapes) not in (1, len(layer.items_of("top"))):
                self._complain(layer, f"{len(layer.items_of('top'))} tops need 1 or as many shapes, not {len(shapes)}")
                return None
            dims = shapes[index if len(shapes) > 1 else 0].items_of("dim")
        if any(d < 1 for d in dims) or math.prod(dims) > _INT_MAX or len(dims) > MAX_AXES:
            self._complain(layer, f"the shape {dims} of {_shown(layer)} is not one that Caffe takes",
                           f"at most {MAX_AXES} dimensions, above 0, and all together below 2^31")  # fmt: skip
            return None
        return tuple(dims)

    def _origin(self, layer: Message, kind: str) -> Origin:
        place = self.net.text.position(layer.at)
        return Origin("caffe", layer.get("name", ""), kind, self.net.text.name, place)

    def _unique(self, layer: Message) -> str:
        tops = layer.items_of("top")
        return self._free(layer.get("name") or (tops[0] if tops else layer.get("type", "layer")))

    def _free(self, name: str) -> str:
        free, count = name, self.copies.get(name, 1)
        while free in self.names:
            count += 1
            free = f"{name}_{count}"
        self.copies[name] = count
        self.names.add(free)
        return free

    def _remark(self, layer: Message) -> str:
        """The unknown fields of a layer, with their places and the nearest known names."""
        return "; ".join(_noticed(self.net.text, strange(layer, "")))


def _noticed(text: Text, found: Iterable[tuple[str, int, str]]) -> Iterable[str]:
    for name, at, near in found:
        yield f"{text.position(at)}: no definition knows {name!r}" + (f", {near}" if near else "")


def _shown(layer: Message) -> str:
    return repr(layer.get("name") or layer.get("type") or "without a name")
