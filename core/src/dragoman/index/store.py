"""The index on disk: one small JSON file for each environment, in the user's cache folder.

It is a memory aid: whatever is wrong with it, it is as if it were not there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from dragoman.index.environment import Environment
from dragoman.index.record import Record, as_json, from_json

FORMAT = 1
#: bytes of one file, and how many files are kept
LARGEST, MOST = 4 << 20, 16
_TEXTS = ("name", "value", "group", "distribution", "version")


@dataclasses.dataclass
class Found:
    """An entry point of an installed distribution; ``direct`` when the plugin must be asked itself, every time."""

    name: str
    value: str
    group: str
    distribution: str
    version: str
    direct: bool = False
    record: Record | None = None


def folder() -> Path:
    """``$XDG_CACHE_HOME/dragoman`` or ``~/.cache/dragoman``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "dragoman"


def is_usable() -> bool:
    """Something can be kept there; the folder is made."""
    try:
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.access(folder(), os.W_OK | os.X_OK)
    except (OSError, ValueError, RuntimeError):
        return False


def read(environment: Environment) -> list[Found] | None:
    """What was found in this environment; None when there is nothing, or nothing that still holds."""
    try:
        with open(_file(environment), "rb") as file:
            data = file.read(LARGEST + 1) if _is_own(file.fileno()) else b""
        if len(data) > LARGEST:
            return None
        document = json.loads(data)
        if document["format"] != FORMAT or document["identity"] != environment.identity:
            return None
        if not environment.matches(document["state"]):
            return None
        return [_found(entry) for entry in document["found"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def write(environment: Environment, state: list[list[Any]], found: list[Found]) -> None:
    """Replace the file at once, or leave it."""
    rows = [{**vars(f), "record": None if f.record is None else as_json(f.record)} for f in found]
    document = {"format": FORMAT, "identity": environment.identity, "state": state, "found": rows}
    temporary: str | None = None
    try:
        data = json.dumps(document, separators=(",", ":")).encode()
        if len(data) > LARGEST:
            return
        import tempfile

        place = _file(environment)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=".plugins-")
        with open(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, place)
        temporary = None
        _prune(place.parent)
    except (OSError, ValueError, TypeError, RuntimeError):
        return
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def forget(environment: Environment) -> None:
    """The index of this environment is wrong."""
    with contextlib.suppress(OSError, RuntimeError):
        _file(environment).unlink()


def _is_own(descriptor: int) -> bool:
    """Nobody else wrote it, where that can be told."""
    return not hasattr(os, "geteuid") or os.fstat(descriptor).st_uid == os.geteuid()


def _file(environment: Environment) -> Path:
    return folder() / f"plugins-{environment.key}.json"


def _prune(place: Path) -> None:
    held = sorted(place.glob("plugins-*.json"), key=lambda p: p.stat().st_mtime_ns, reverse=True)
    for old in held[MOST:]:
        old.unlink()


def _found(entry: dict[str, Any]) -> Found:
    name, value, group, distribution, version = (entry[key] for key in _TEXTS)
    if not all(isinstance(entry[key], str) for key in _TEXTS):
        raise TypeError("an entry point is made of texts")
    record = None if entry["record"] is None else from_json(entry["record"])
    return Found(name, value, group, distribution, version, entry["direct"] is True, record)
