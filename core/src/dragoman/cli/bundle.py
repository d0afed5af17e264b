"""The report of a defect: what was run, with which versions, and the traceback; never weights."""

from __future__ import annotations

import platform
import tempfile
import traceback
from collections.abc import Sequence

from dragoman import __version__


def write_bundle(error: BaseException, args: Sequence[str]) -> str:
    """Write the report into the temporary folder; returns its path, or why there is none."""
    lines = [
        f"dragoman {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"arguments: {' '.join(args)}",
        "",
        *traceback.format_exception(error),
    ]
    try:
        with tempfile.NamedTemporaryFile("w", prefix="dragoman-report-", suffix=".txt", delete=False) as file:
            file.write("\n".join(lines))
            return file.name
    except OSError as failed:
        return f"(could not be written: {failed})\n" + "".join(lines)
