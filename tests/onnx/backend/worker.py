"""A process that judges cases, so that a crash of the runtime is a finding and not the end of the run.

It reads requests (variant and case) line by line and answers each with an outcome. Run it as a module, or use it
through :class:`Worker`.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from pathlib import Path

from tests.onnx.backend.judge import UNUSED, Outcome

ROOT = Path(__file__).parents[3]
SECONDS = 120


class Worker:
    """Judges cases in another process, which is started when needed, and again after a crash or a hang."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._pending = b""

    def judge(self, variant: str, key: str) -> Outcome:
        """The outcome; ``crash`` or ``hang`` where the process did not live to tell."""
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(json.dumps([variant, key]).encode() + b"\n")
        process.stdin.flush()
        prepared = False
        while (line := self._line(process)) is not None:
            answer = json.loads(line)
            if answer == "prepared":
                prepared = True
            else:
                return Outcome(*answer)
        code = process.poll()
        self.stop()
        what = "hang" if code is None else "crash"
        return Outcome(what if prepared else UNUSED, f"{what} (exit code {code})" + ("" if prepared else " of a tool"))

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
        self._pending = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.onnx.backend.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, env=env,
        )  # fmt: skip
        return self._process

    def _line(self, process: subprocess.Popen[bytes]) -> bytes | None:
        assert process.stdout is not None
        until = time.monotonic() + SECONDS
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._pending:
                if not ready.select(max(0.0, until - time.monotonic())):
                    return None
                more = os.read(process.stdout.fileno(), 65536)
                if not more:
                    process.wait()
                    return None
                self._pending += more
        line, _, self._pending = self._pending.partition(b"\n")
        return line


def main() -> None:
    """Answer requests until the input ends; stdout carries answers only, whatever libraries print."""
    from tests.onnx.backend.cases import load
    from tests.onnx.backend.variants import run

    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(answer: object) -> None:
        answers.write(json.dumps(answer) + "\n")

    for line in sys.stdin:
        variant, key = json.loads(line)
        try:
            outcome = run(variant, load(key), lambda: say("prepared"))
        except Exception as error:  # of the test itself; the case must not be lost
            outcome = Outcome("error", f"{type(error).__name__}: {error}")
        say([outcome.status, outcome.reason])


if __name__ == "__main__":
    main()
