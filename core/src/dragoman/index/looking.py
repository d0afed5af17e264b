"""Plugins that were not seen before are imported in a process of their own, which they may end or hold up."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Collection, Sequence
from typing import Any

from dragoman.index.files import module_files, stamps
from dragoman.index.record import Failure, Record, from_json
from dragoman.index.store import Found

#: seconds that a plugin may take for its import, or for one hook
PATIENCE = 30.0
#: how many plugins may take the process with them before the rest is left alone
_TRIES = 20
_CHILD = (
    "import json, sys; r = json.load(sys.stdin); sys.path[:] = r['path']; import dragoman.index.child as c; c.main(r)"
)
_PYTHON = re.compile(r"(python|pypy)[\d.]*w?t?(\.exe)?", re.IGNORECASE)


def look(new: Sequence[Found], others: Sequence[Found]) -> bool:
    """Give each a record; those of which nothing could be learnt become ``direct``. False when none could be asked.

    Args:
        new: plugins to look at.
        others: those that may bring the front-ends whose layers the new ones are asked for.
    """
    records: dict[str, Record] | None = None
    fatal: dict[str, Record] = {}
    for _ in range(_TRIES):
        left = [f for f in (*new, *others) if f.name not in fatal]
        records, at = _Child(left, {f.name for f in new}).records()
        if at is None:
            break
        value = next(f.value for f in left if f.name == at[0])
        fatal[at[0]] = Record(files=stamps(module_files(value)), failure=Failure("broken", at[1], at[2], fatal=True))
    for found in new:
        found.record = fatal.get(found.name) or (records or {}).get(found.name)
        found.direct = found.record is None
    return records is not None


class _Child:
    """One process that looks at plugins, and says before each step what it is about to do."""

    def __init__(self, found: Sequence[Found], new: Collection[str]) -> None:
        rows = [[f.name, f.value, f.distribution, f.version, f.name in new] for f in found]
        self.request = json.dumps({"path": [e for e in sys.path if isinstance(e, str)], "points": rows})

    def records(self) -> tuple[dict[str, Record] | None, tuple[str, str, str] | None]:
        """What it learnt, and (plugin, stage, what happened) if one ended it; None where it could not be asked."""
        records: dict[str, Record] = {}
        at: tuple[str, str] | None = None
        process = self._start()
        if process is None:
            return None, None
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_pump, args=(process, lines), daemon=True).start()
        late = ended = False
        try:
            while (line := lines.get(timeout=PATIENCE)) is not None:
                told = json.loads(line)
                if told[0] == "done":
                    return records, None
                if told[0] == "at":
                    at = told[1], told[2]
                else:
                    records[told[1]] = from_json(told[2])
            ended = True
        except queue.Empty:
            late = True
        except (ValueError, KeyError, TypeError, IndexError):
            at = None
        finally:
            if not ended:
                process.kill()
            code = process.wait()
        if at is None:
            return None, None
        what = f"it did not come back within {PATIENCE:g} s" if late else f"it ended the process, with the code {code}"
        return records, (*at, what)

    def _start(self) -> subprocess.Popen[str] | None:
        if not _PYTHON.fullmatch(os.path.basename(sys.executable or "")) or getattr(sys, "frozen", False):
            return None
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True, encoding="utf-8", env={**os.environ, "DRAGOMAN_NO_INDEX": "1"},
            )  # fmt: skip
            assert process.stdin is not None
            process.stdin.write(self.request)
            process.stdin.close()
        except OSError:
            return None
        return process


def _pump(process: subprocess.Popen[Any], lines: queue.SimpleQueue[str | None]) -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            lines.put(line)
    lines.put(None)
