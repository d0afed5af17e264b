"""The keys of what register hooks gave, as an index holds them; extractors whose plugin is imported at their call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from dragoman.frontends.registry import Extractor, Extractors
from dragoman.index.record import ExtractorKey, OpKey
from dragoman.ops.define import Op, OpRegistry


def extractor_keys(groups: Iterable[Extractors], framework: str) -> tuple[ExtractorKey, ...]:
    """Of all entries for a framework, in order."""
    return tuple(extractor_key(e) for group in groups for e in group.entries if e.framework == framework)


def extractor_key(entry: Extractor) -> ExtractorKey:
    """All but the function."""
    return entry.op, entry.since, entry.until, entry.accepts_any, entry.least, entry.most


def op_keys(classes: Iterable[type[Op]]) -> tuple[OpKey, ...]:
    """Of op classes, in order."""
    return tuple((cls.type, cls.version, cls.xml_type) for cls in classes)


def later(framework: str, key: ExtractorKey, find: Callable[[ExtractorKey], Extractor]) -> Extractor:
    """An extractor that is found when a layer needs it."""
    op, since, until, accepts_any, least, most = key

    def function(layer: Any, builder: Any, *inputs: Any) -> Any:
        return find(key).function(layer, builder, *inputs)

    return Extractor(framework, op, function, since, until, accepts_any, least, most)


class LaterOps(OpRegistry):
    """Op classes of which some are only known by name; ``load`` gives those of a type as they are asked for."""

    def __init__(
        self, classes: Iterable[type[Op]], pending: dict[str, set[str]], load: Callable[[set[str]], list[type[Op]]]
    ) -> None:
        super().__init__(classes)
        #: type, or type in the XML -> plugins
        self._pending = pending
        self._load = load
        self._lock = threading.RLock()

    def _settle(self, *names: str) -> None:
        with self._lock:
            for name in names:
                for cls in self._load(self._pending.get(name, set())):
                    self.add(cls)
                self._pending.pop(name, None)  # only now: other threads look here first

    def latest(self, name: str) -> type[Op] | None:
        """The newest class of a type."""
        if name in self._pending:
            self._settle(name)
        return super().latest(name)

    def find(self, name: str, version: str) -> type[Op] | None:
        """The class that ``version`` of an IR layer means."""
        if name in self._pending:
            self._settle(name)
        return super().find(name, version)

    def types(self) -> list[str]:
        """All type names, sorted."""
        self._settle(*self._pending)
        return super().types()

    def classes(self) -> list[type[Op]]:
        """All classes, by name and version."""
        self._settle(*self._pending)
        return super().classes()
