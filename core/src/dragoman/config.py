"""``dragoman.toml``: the options of the command line under their own names, and plugins to disable.

disable = ["acme"]
precision = "f16"

[convert]
skip = ["FuseScale"]
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dragoman.errors import UsageError, did_you_mean
from dragoman.files import missing_file

DEFAULT = Path("dragoman.toml")
MAX_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class Config:
    """What the file says for one command."""

    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    disable: tuple[str, ...] = ()
    path: Path | None = None


def read_config(path: Path | None, command: str, commands: Sequence[str]) -> Config:
    """The named file, or ``dragoman.toml`` of the working directory if there is one.

    Raises SourceError D201 when the named file is missing, UsageError D103 when it is not valid.
    """
    if path is None:
        if not DEFAULT.is_file():
            return Config()
        path = DEFAULT
    if not path.is_file():
        raise missing_file(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError("D103", "the config file is larger than 1 MB", str(path))
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError("D103", f"not valid TOML: {error}", str(path)) from None
    disable = data.pop("disable", [])
    if not isinstance(disable, list) or not all(isinstance(d, str) for d in disable):
        raise UsageError("D103", "disable is a list of plugin names", str(path), 'disable = ["name"]')
    tables = {k: v for k, v in data.items() if isinstance(v, dict) and k in commands}
    general = {k: v for k, v in data.items() if k not in tables}
    return Config({**general, **tables.get(command, {})}, tuple(disable), path)


def unknown_key(key: str, known: Sequence[str], path: Path) -> UsageError:
    """D103: a key that is no option."""
    return UsageError("D103", f"there is no option {key!r}", str(path), did_you_mean(key, [*known, "disable"]))
