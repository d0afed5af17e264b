"""The process that imports new plugins and asks them for their keys; started by :mod:`dragoman.index.looking`."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from dragoman.discovery import EntryPoint, Installed, Plugin, load_value
from dragoman.frontends.registry import Extractors
from dragoman.hookspecs import GROUP, RuntimeOp
from dragoman.index.files import imported_files, is_own, module_files, stamps
from dragoman.index.keys import extractor_keys, op_keys
from dragoman.index.record import EXTRACTORS, OPS, RUNTIME_OPS, ExtractorKey, Failure, Record, as_json
from dragoman.ops.define import Op
from dragoman.plugins import PluginHost


def main(request: Mapping[str, Any]) -> None:
    """Write what is learnt to the standard output, where nothing else gets."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    look(request["points"], out)
    tell(out, ["done"])
    os._exit(0)  # a thread that a plugin left running does not hold it up


def tell(out: TextIO, what: list[Any]) -> None:
    """One line, at once."""
    out.write(json.dumps(what) + "\n")
    out.flush()


def look(rows: Iterable[Any], out: TextIO) -> None:
    """Load all, then ask each for the keys of the frameworks that there are front-ends of."""
    new = {name: value for name, value, _, _, is_new in rows if is_new}
    host = TellingHost([_point(*row[:4]) for row in rows], out)
    frameworks = sorted({f.name for _, f in host.gathered("dragoman_register_frontends")})
    for name, plugin in host.plugins.items():
        if name in new:
            if plugin.module is not None and not is_own(new[name], plugin.point.dist):
                continue
            record = _record(host, plugin, frameworks)
            files = stamps([*module_files(new[name]), *imported_files(new[name])])
            tell(out, ["record", name, as_json(dataclasses.replace(record, files=files))])


def _point(name: str, value: str, distribution: str, version: str) -> EntryPoint:
    return EntryPoint(
        name, lambda: load_value(value), GROUP, distribution, version, dist=Installed(distribution, version)
    )


class TellingHost(PluginHost):
    """Says what it is about to do: the last word of a process that a plugin ends."""

    def __init__(self, points: Iterable[EntryPoint], out: TextIO) -> None:
        self.out = out
        held = list(points)
        super().__init__(held, only={p.name for p in held})

    def _load(self, point: EntryPoint) -> None:
        tell(self.out, ["at", point.name, "load"])
        super()._load(point)

    def _check_requirements(self) -> None:
        """What a plugin requires may stand aside here."""

    def _invoke(self, impl: Any, hook: str, arguments: Mapping[str, Any]) -> Any:
        tell(self.out, ["at", impl.plugin_name, hook])
        return super()._invoke(impl, hook, arguments)


def _record(host: PluginHost, plugin: Plugin, frameworks: Iterable[str]) -> Record:
    if plugin.info is None or plugin.status != "loaded":
        failure = Failure(plugin.status, plugin.stage, plugin.error, plugin.trace)
        return Record(info=plugin.info, failure=failure)
    hooks = tuple(host.hooks_of(plugin.name))
    layers: dict[str, tuple[ExtractorKey, ...]] = {}
    definitions = []
    for framework in frameworks if EXTRACTORS in hooks else ():
        groups = [g for _, g in host.gathered(EXTRACTORS, [plugin.name], Extractors, framework=framework)]
        layers[framework] = extractor_keys(groups, framework)
        definitions += [framework] if any(g.definitions and g.framework == framework for g in groups) else []
    ops = [c for _, c in host.gathered(OPS, [plugin.name], Op)]
    runtime = [r for _, r in host.gathered(RUNTIME_OPS, [plugin.name], RuntimeOp, host=host)]
    if plugin.status != "loaded":  # whoever needs it is told why
        return Record(hooks, plugin.info)
    return Record(hooks, plugin.info, (), layers, tuple(definitions), op_keys(ops), tuple(r.op for r in runtime))
