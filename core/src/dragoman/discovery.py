"""Plugins as they are found: entry points of the installed distributions, and how each plugin fared."""

from __future__ import annotations

import dataclasses
import importlib
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dragoman.hookspecs import GROUP, PluginInfo
from dragoman.index.record import Record

#: groups of hook APIs that this Dragoman does not have; their plugins are listed without being imported
OTHER_GROUPS = (f"{GROUP}.v2", f"{GROUP}.v3")
GROUPS = (GROUP, *OTHER_GROUPS)


@dataclasses.dataclass(frozen=True)
class Installed:
    """A distribution whose name and version are known; the rest of its metadata is read when it is asked for."""

    name: str
    version: str

    def __getattr__(self, name: str) -> Any:
        from importlib_metadata import distribution

        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(distribution(self.name), name)


def load_value(value: str) -> Any:
    """The object that ``module:attribute`` of an entry point names."""
    module, _, attribute = value.partition("[")[0].partition(":")
    found = importlib.import_module(module.strip())
    for name in filter(None, attribute.strip().split(".")):
        found = getattr(found, name)
    return found


@dataclasses.dataclass(frozen=True)
class EntryPoint:
    """What discovery needs of an entry point; tests make their own.

    ``dist`` is the ``importlib_metadata`` distribution; its name and version, which cost a parse of its metadata, are
    only read for messages. ``file`` is that of a plugin of a single file, ``record`` what an index has of the plugin.
    """

    name: str
    load: Callable[[], Any]
    group: str = GROUP
    distribution: str = ""
    version: str = ""
    dist: Any = None
    file: Path | None = None
    record: Record | None = None

    @property
    def label(self) -> str:
        """``dragoman-onnx 0.1.0``, or the path of a single file."""
        if self.file is not None:
            return str(self.file)
        if self.dist is not None:
            return f"{self.dist.name} {self.dist.version}"
        return f"{self.distribution} {self.version}".strip()


@dataclasses.dataclass
class Plugin:
    """One discovered plugin and how it fared."""

    name: str
    point: EntryPoint
    info: PluginInfo | None = None
    module: Any = None
    status: str = "loaded"
    stage: str = ""
    error: str = ""
    trace: str = ""

    @property
    def label(self) -> str:
        """``dragoman-onnx 0.1.0`` for messages."""
        return self.point.label or self.name

    def fail(self, stage: str, error: BaseException) -> None:
        """Mark broken."""
        self.status, self.stage = "broken", stage
        self.error = f"{type(error).__name__}: {error}".splitlines()[0]
        self.trace = traceback.format_exc()


def installed_entry_points() -> list[EntryPoint]:
    """Entry points of all installed distributions in our groups."""
    from importlib_metadata import entry_points

    found = []
    for group in GROUPS:
        found += [EntryPoint(ep.name, ep.load, group, dist=ep.dist) for ep in entry_points(group=group)]
    return found
