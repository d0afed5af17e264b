"""The entry points of installed plugins, with what is remembered of each; those not seen before are looked at."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import Any

from dragoman.discovery import GROUPS, EntryPoint, Installed, load_value
from dragoman.hookspecs import GROUP
from dragoman.index import store
from dragoman.index.environment import Environment
from dragoman.index.record import FRONTENDS, Record
from dragoman.index.store import Found

#: the core is imported by whoever gets here
_CORE = "core"


class Index:
    """The entry points of an environment.

    Args:
        wanted: names of plugins that may be looked at.
    """

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self.environment = Environment()
        self.points: list[EntryPoint] = []
        found = store.read(self.environment)
        state = None
        if found is None:
            state = self.environment.state()
            found = entry_points()
        new = [f for f in found if _is_new(f) and wanted(f.name)]
        if new and not store.is_usable():
            for plugin in new:  # looking at them in another process would help nobody: it could not be remembered
                plugin.direct = True
        elif new:
            from dragoman.index.looking import look

            state = self.environment.state()
            others = [f for f in found if f not in new and _may_have_frontends(f) and wanted(f.name)]
            if not look(new, others):
                state = None
        if state is not None:
            store.write(self.environment, state, found)
        self._found = {f.name: f for f in found}
        self.points = [_point(f) for f in found]

    def look_again(self, name: str) -> Record | None:
        """At one plugin, in a process of its own."""
        from dragoman.index.looking import look

        again = dataclasses.replace(self._found[name], record=None)
        look([again], [])
        return again.record

    def forget(self) -> None:
        """Something in it is not so."""
        store.forget(self.environment)


def is_off() -> bool:
    """``DRAGOMAN_NO_INDEX=1``: plugins are found and imported as if there were no index."""
    return os.environ.get("DRAGOMAN_NO_INDEX", "") not in ("", "0")


def entry_points() -> list[Found]:
    """From the metadata of all distributions; nothing is imported."""
    from importlib_metadata import entry_points as all_points

    rows = [(group, ep) for group in GROUPS for ep in all_points(group=group)]
    names = [ep.name for _, ep in rows]
    return [
        Found(
            ep.name, ep.value, group, ep.dist.name, ep.dist.version,
            direct=ep.name == _CORE or names.count(ep.name) > 1 or _is_editable(ep.dist),
        )
        for group, ep in rows
    ]  # fmt: skip


def _is_editable(dist: Any) -> bool:
    """Its code lies where it is worked on: nothing tells that it changed."""
    import json

    try:
        told = json.loads(dist.read_text("direct_url.json") or "{}")
        if told.get("dir_info", {}).get("editable"):
            return True
    except (OSError, ValueError, AttributeError):
        return True
    return not dist.read_text("METADATA")  # an egg-info lies beside sources


def _is_new(found: Found) -> bool:
    if found.direct or found.group != GROUP:
        return False
    return found.record is None or not found.record.is_current()


def _may_have_frontends(found: Found) -> bool:
    known = found.record
    return found.group == GROUP and (found.direct or (known is not None and FRONTENDS in known.hooks))


def _point(found: Found) -> EntryPoint:
    return EntryPoint(
        found.name, lambda: load_value(found.value), found.group, found.distribution, found.version,
        Installed(found.distribution, found.version), record=found.record,
    )  # fmt: skip
