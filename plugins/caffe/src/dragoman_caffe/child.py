"""Runs another program with limits: of time, and of what it may say. Its whole process group ends with it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO

#: bytes of its output that are kept, from the beginning
MAX_OUTPUT = 1 << 24
#: bytes of its standard error that are kept, the last ones
MAX_MESSAGES = 1 << 16


@dataclasses.dataclass(frozen=True)
class Finished:
    """How it ended: ``code`` as ``subprocess`` has it, ``late`` when the time was over."""

    code: int
    output: str
    messages: str
    late: bool = False


def run_child(
    command: Sequence[str], request: str, seconds: float, environment: Mapping[str, str] | None = None
) -> Finished:
    """Run a program with ``request`` on its standard input; OSError when it cannot be started."""
    with tempfile.TemporaryFile() as given:
        given.write(request.encode())
        given.seek(0)
        child = subprocess.Popen(
            command, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
    output, messages = bytearray(), bytearray()
    assert child.stdout is not None
    assert child.stderr is not None
    readers = [
        threading.Thread(target=_keep_first, args=(child.stdout, output), daemon=True),
        threading.Thread(target=_keep_last, args=(child.stderr, messages), daemon=True),
    ]
    for reader in readers:
        reader.start()
    late = False
    end = time.monotonic() + seconds
    try:
        code = child.wait(seconds)
    except subprocess.TimeoutExpired:
        late, code = True, -9
    finally:
        _end(child)
        for reader in readers:
            reader.join(min(5.0, max(1.0, end - time.monotonic())))
    return Finished(code, output.decode(errors="replace"), messages.decode(errors="replace"), late)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Nothing that it started goes on, whether it has ended itself or not."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    elif child.poll() is None:
        child.kill()
    child.wait()


def _keep_first(stream: IO[bytes], into: bytearray) -> None:
    for block in iter(lambda: stream.read(1 << 16), b""):
        into += block[: MAX_OUTPUT - len(into)]


def _keep_last(stream: IO[bytes], into: bytearray) -> None:
    for block in iter(lambda: stream.read(1 << 12), b""):
        into += block
        del into[:-MAX_MESSAGES]
