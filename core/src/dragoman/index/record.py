"""What is remembered of one plugin: its manifest, which hooks it has, and the keys that it registers; never code."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from dragoman.hookspecs import PluginInfo

FRONTENDS = "dragoman_register_frontends"
EXTRACTORS = "dragoman_register_extractors"
OPS = "dragoman_register_ops"
RUNTIME_OPS = "dragoman_register_runtime_ops"

#: of an extractor: layer type, first and last version, whether it takes what is no tensor, least and most inputs
ExtractorKey = tuple[str, int, int | None, bool, int, int | None]
#: of an op: type, version, type in the XML
OpKey = tuple[str, str, str]
#: of a file: path, mtime in ns, bytes
Stamp = tuple[str, int, int]


@dataclasses.dataclass(frozen=True)
class Failure:
    """How a plugin failed; ``fatal`` when it took the process with it, so that it must not be tried in this one."""

    status: str
    stage: str
    error: str
    trace: str = ""
    fatal: bool = False


@dataclasses.dataclass(frozen=True)
class Record:
    """One plugin as it was seen; what could not be learnt is None, and the plugin is then asked itself.

    ``extractors`` and ``definitions`` are by framework, for those frameworks that there were front-ends of. ``files``
    are the modules that were imported for it all.
    """

    hooks: tuple[str, ...] = ()
    info: PluginInfo | None = None
    files: tuple[Stamp, ...] = ()
    extractors: Mapping[str, tuple[ExtractorKey, ...]] | None = None
    definitions: tuple[str, ...] = ()
    ops: tuple[OpKey, ...] | None = None
    runtime: tuple[str, ...] | None = None
    failure: Failure | None = None

    def layers(self, framework: str) -> tuple[ExtractorKey, ...] | None:
        """Its extractors of a framework; None when only the plugin knows."""
        if EXTRACTORS not in self.hooks:
            return ()
        return None if self.extractors is None else self.extractors.get(framework)

    def is_current(self) -> bool:
        """Its files are those that were seen."""
        return all(stamp(seen[0]) == seen for seen in self.files)


def stamp(path: str) -> Stamp | None:
    """A file's path, time and size; None when it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return path, found.st_mtime_ns, found.st_size


def as_json(record: Record) -> dict[str, Any]:
    """What :func:`from_json` reads."""
    document = {f.name: getattr(record, f.name) for f in dataclasses.fields(record)}
    if record.info is not None:
        document["info"] = {**vars(record.info), "replaces": sorted(record.info.replaces)}
    if record.failure is not None:
        document["failure"] = dataclasses.asdict(record.failure)
    return document


def from_json(document: dict[str, Any]) -> Record:
    """KeyError, TypeError or ValueError for what :func:`as_json` does not write."""
    info, failure = document["info"], document["failure"]
    extractors, ops, runtime = document["extractors"], document["ops"], document["runtime"]
    return Record(
        _texts(document["hooks"]),
        None if info is None else _info(info),
        tuple((_text(path), _number(time), _number(size)) for path, time, size in document["files"]),
        None if extractors is None else {_text(f): tuple(map(_extractor, keys)) for f, keys in extractors.items()},
        _texts(document["definitions"]),
        None if ops is None else tuple((_text(a), _text(b), _text(c)) for a, b, c in ops),
        None if runtime is None else _texts(runtime),
        None if failure is None else _failure(failure),
    )


def _info(document: dict[str, Any]) -> PluginInfo:
    name, summary, homepage = (_text(document[key]) for key in ("name", "summary", "homepage"))
    return PluginInfo(
        name, summary, _number(document["api"]), homepage,
        frozenset(_texts(document["replaces"])), _texts(document["requires"]),
    )  # fmt: skip


def _failure(document: dict[str, Any]) -> Failure:
    status, stage, error, trace = (_text(document[key]) for key in ("status", "stage", "error", "trace"))
    return Failure(status, stage, error, trace, document["fatal"] is True)


def _extractor(key: list[Any]) -> ExtractorKey:
    op, since, until, accepts_any, least, most = key
    limits = [None if limit is None else _number(limit) for limit in (until, most)]
    return _text(op), _number(since), limits[0], accepts_any is True, _number(least), limits[1]


def _texts(items: Any) -> tuple[str, ...]:
    if not isinstance(items, (list, tuple)):
        raise TypeError(f"{items!r} is no list")
    return tuple(map(_text, items))


def _text(item: Any) -> str:
    if not isinstance(item, str):
        raise TypeError(f"{item!r} is no text")
    return item


def _number(item: Any) -> int:
    if not isinstance(item, int):
        raise TypeError(f"{item!r} is no number")
    return item
