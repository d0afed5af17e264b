"""Extractors and how they are registered: layer types, version ranges, arity."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import Any

Function = Callable[..., Any]


@dataclasses.dataclass(frozen=True)
class Extractor:
    """One registered function: for which layer type, which versions, and how many inputs it takes."""

    framework: str
    op: str
    function: Function
    since: int
    until: int | None
    accepts_any: bool
    least: int
    most: int | None

    def covers(self, version: int) -> bool:
        """The version lies in the range."""
        return self.since <= version and (self.until is None or version <= self.until)

    @property
    def versions(self) -> str:
        """``13..18`` or ``13..``."""
        return f"{self.since}.." + ("" if self.until is None else str(self.until))


class Extractors:
    """A group of extractors for one framework; an instance is the decorator.

        layers = Extractors("onnx")

        @layers("LeakyRelu")
        def leaky_relu(layer: Layer, op: Builder, x: Value) -> Value:
            return op.PRelu(x, op.constant([layer.get("alpha", 0.01)], x.dtype))

    The function's parameters after ``layer`` and ``op`` are the inputs: one with a default may be missing, ``*rest``
    takes any number. It returns the value of each output.

    ``definitions`` tells the front-end of the framework what it needs to read the attributes of these layers, where its
    files do not say it themselves; for Caffe the text of a ``.proto`` with the layers' own messages.
    """

    def __init__(self, framework: str, definitions: str = "") -> None:
        self.framework = framework
        self.definitions = definitions
        self.entries: list[Extractor] = []

    def __call__(
        self, *ops: str, since: int = 1, until: int | None = None, accepts_any: bool = False
    ) -> Callable[[Function], Function]:
        """Register a function for layer types and a range of versions.

        ``accepts_any`` functions also get inputs that are no tensors (sequences, optionals).
        """

        def register(function: Function) -> Function:
            least, most = _arity(function)
            for name in ops:
                if not name or name != name.strip():
                    raise ValueError(f"{name!r} is not a layer type")
                entry = Extractor(self.framework, name, function, since, until, accepts_any, least, most)
                for held in self.entries:
                    if held.op == name and _overlap(held, entry):
                        raise ValueError(
                            f"{name} {entry.versions} is registered twice: {held.versions} is held already"
                        )
                self.entries.append(entry)
            return function

        return register


def _arity(function: Function) -> tuple[int, int | None]:
    parameters = list(inspect.signature(function).parameters.values())[2:]
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    least = sum(p.default is p.empty for p in positional)
    return least, None if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(positional)


def _overlap(a: Extractor, b: Extractor) -> bool:
    return (a.until is None or b.since <= a.until) and (b.until is None or a.since <= b.until)


class ExtractorTable:
    """All extractors of a session by (framework, layer type), with their owners."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], list[tuple[str, Extractor]]] = {}

    def add(self, owner: str, entry: Extractor) -> None:
        """Add one; conflicts between owners are found by the plugin host before."""
        self._held.setdefault((entry.framework, entry.op), []).append((owner, entry))

    def find(self, framework: str, op: str, version: int) -> tuple[str, Extractor] | None:
        """The extractor that covers this version, with its owner."""
        for owner, entry in self._held.get((framework, op), ()):
            if entry.covers(version):
                return owner, entry
        return None

    def versions(self, framework: str, op: str) -> list[str]:
        """The version ranges that are covered."""
        return [entry.versions for _, entry in self._held.get((framework, op), ())]

    def names(self, framework: str) -> list[str]:
        """Layer types with any extractor."""
        return sorted(op for f, op in self._held if f == framework)

    def entries(self) -> Iterator[tuple[str, Extractor]]:
        """Everything, in a fixed order."""
        for key in sorted(self._held):
            yield from self._held[key]
