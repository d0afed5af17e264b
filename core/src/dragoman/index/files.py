"""Which files a plugin's module and the rest of its package are."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dragoman.index.record import Stamp, stamp

#: of a plugin, how many files are watched for changes in place
_MOST = 8


def module_files(value: str) -> list[str]:
    """Where the module of an entry point lies, or would; nothing of it is imported."""
    top, *inner = value.partition(":")[0].strip().split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return []
    if spec is None:
        return []
    if not inner:
        return [spec.origin] if spec.origin else []
    paths = [os.path.join(folder, *inner) for folder in spec.submodule_search_locations or ()]
    return [
        file for path in paths for file in (f"{path}.py", os.path.join(path, "__init__.py")) if os.path.isfile(file)
    ]


def imported_files(value: str) -> list[str]:
    """Of the modules of its package that are imported by now, in order of their names."""
    top = value.partition(":")[0].strip().partition(".")[0]
    held = sorted((name, module) for name, module in sys.modules.items() if name.partition(".")[0] == top)
    return [str(file) for _, module in held if (file := getattr(module, "__file__", None))]


def stamps(files: Iterable[str]) -> tuple[Stamp, ...]:
    """Of the first few that are there."""
    found = [stamp(os.path.abspath(file)) for file in dict.fromkeys(files)]
    return tuple(seen for seen in found if seen is not None)[:_MOST]


def is_own(value: str, dist: Any) -> bool:
    """The module is one of its distribution's files, and not one that stands before them or is worked on."""
    module = sys.modules.get(value.partition(":")[0].strip())
    file = getattr(module, "__file__", None)
    if file is None:
        return False
    path = Path(file).resolve()
    if dist.files is None:  # written by hand
        return path.is_relative_to(Path(dist.locate_file("")).resolve())
    return any(f.name == path.name and Path(f.locate()).resolve() == path for f in dist.files)
