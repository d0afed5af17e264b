"""Speaks pycaffe's interface for nets of a few layers, aborts where Caffe would, and prints as freely as Caffe does.

A net named ``hang`` never answers, one named ``noise`` writes to descriptor 1 first.
"""

from __future__ import annotations

import collections
import os
import re
import sys
import time
from typing import Any

import numpy as np

TEST = 1
__version__ = "1.0.0-double"
TOKEN = re.compile(r'\s*(?:#[^\n]*\n\s*)*([A-Za-z_]\w*|"[^"]*"|[-+.\w]+|[{}:])')


def set_mode_cpu() -> None:
    """As pycaffe."""


def fatal(place: str, what: str) -> None:
    """What glog's CHECK does: the process is gone."""
    sys.stderr.write(
        f"F1120 11:12:13.141592 4242 {place}] {what}\n*** Check failure stack trace: ***\n    @ 0x7f main\n"
    )
    sys.stderr.flush()
    os.abort()


class Blob:
    def __init__(self, shape: tuple[int, ...] = ()) -> None:
        self.data = np.zeros(shape, np.float32)

    def reshape(self, *shape: int) -> None:
        self.data = np.zeros(shape, np.float32)


class Net:
    def __init__(self, prototxt: str, *given: Any, level: int = 0, stages: Any = None, weights: str = "") -> None:
        with open(prototxt) as file:
            net = message(iter(TOKEN.findall(file.read())))
        name = net.get("name", [""])[0]
        if name == "hang":
            time.sleep(600)
        if name == "noise":
            os.write(1, b'I0101 net.cpp:58] Initializing net\ndragoman-caffe {"no": \n')
        self.state = (level, [str(s) for s in stages or ()])
        self.weights = weights or (given[0] if isinstance(given[0], str) else "")
        self.blobs: dict[str, Blob] = collections.OrderedDict()
        self.inputs: list[str] = []
        self.layers = [self.made(layer) for layer in net["layer"] if self.included(layer)]
        self.reshape()

    def included(self, layer: dict[str, Any]) -> bool:
        wanted = [s for rule in layer.get("include", ()) for s in rule.get("stage", ())]
        return all(s in self.state[1] for s in wanted)

    def made(self, layer: dict[str, Any]) -> Layer:
        if layer["type"][0] not in LAYERS:
            known = ", ".join(sorted(LAYERS))
            kind = layer["type"][0]
            where = "layer_factory.hpp:81"
            fatal(
                where, f"Check failed: registry.count(type) == 1 (0 vs. 1) Unknown layer type: {kind} (known: {known})"
            )
        for top in layer["top"]:
            self.blobs.setdefault(top, Blob())
        if layer["type"][0] == "Input":
            self.inputs += layer["top"]
            self.blobs[layer["top"][0]].reshape(*map(int, layer["input_param"][0]["shape"][0]["dim"]))
        return Layer(layer)

    def reshape(self) -> None:
        self.forward()

    def forward(self) -> None:
        self._forward(0, len(self.layers) - 1)

    def _forward(self, first: int, last: int) -> None:
        for layer in self.layers[first : last + 1]:
            layer.run(self.blobs)


class Layer:
    def __init__(self, fields: dict[str, Any]) -> None:
        self.kind = fields["type"][0]
        self.fields = fields

    def run(self, blobs: dict[str, Blob]) -> None:
        given = [blobs[name].data for name in self.fields.get("bottom", ())]
        for name, found in zip(self.fields["top"], LAYERS[self.kind](self.fields, given), strict=False):
            blobs[name].data = found


def grow(fields: dict[str, Any], given: list[Any]) -> list[Any]:
    """Each row and column ``factor`` times."""
    factor = int(fields["grow_param"][0]["factor"][0])
    return [given[0].repeat(factor, 2).repeat(factor, 3)]


def python_layer(fields: dict[str, Any], given: list[Any]) -> list[Any]:
    """A module beside the prototxt."""
    module = __import__(fields["python_param"][0]["module"][0])
    return [module.forward(given[0])]


LAYERS = {
    "Input": lambda fields, given: [],
    "ReLU": lambda fields, given: [np.maximum(given[0], 0)],
    "Power": lambda fields, given: [given[0] + np.float32(fields["power_param"][0]["shift"][0])],
    "Grow": grow,
    "Halves": lambda fields, given: np.split(given[0], 2, 1),
    "Python": python_layer,
}


def message(tokens: Any) -> dict[str, Any]:
    """Text format: names to lists of texts and messages."""
    found: dict[str, Any] = collections.defaultdict(list)
    for name in tokens:
        if name == "}":
            break
        token = next(tokens)
        value = next(tokens) if token == ":" else token
        found[name].append(message(tokens) if value == "{" else value.strip('"'))
    return dict(found)
