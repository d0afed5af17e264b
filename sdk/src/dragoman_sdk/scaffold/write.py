"""A folder of texts, written whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dragoman.errors import OutputError


def write_folder(folder: Path, texts: Mapping[str, str]) -> None:
    """Make a folder that is not there yet; OutputError D805 where it is, D801 where it cannot be made."""
    if os.path.lexists(folder):
        raise _held(folder)
    part: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        for name, text in texts.items():
            path = part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        part.chmod(0o777 & ~_umask())
        os.rename(part, folder)
    except OSError as error:
        if os.path.lexists(folder):
            raise _held(folder) from error
        why = error.strerror or str(error)
        raise OutputError("D801", f"the package cannot be written: {why}", str(folder)) from error
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)


def _held(folder: Path) -> OutputError:
    return OutputError("D805", "the folder of the package is there already", str(folder), "choose another name or -o")


def _umask() -> int:
    held = os.umask(0)
    os.umask(held)
    return held
