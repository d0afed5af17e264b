"""Runs a check: the plugin's code in a process of its own, which is ended when a hook does not come back."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dragoman_sdk.check.findings import Finding
from dragoman_sdk.check.imports import import_findings
from dragoman_sdk.check.package import dependency_findings, test_findings
from dragoman_sdk.check.subject import Subject

#: seconds that one call of a hook may take
LIMIT = 20.0
#: no step is under way: what the check itself does, and how many times the limit it may take
_NONE = ("check", 10.0)
_EXTRACTOR = re.compile(r"(\w+):(\S+?)(?:,|$)")


def check_subject(
    subject: Subject, model: str = "", options: Mapping[str, Any] | None = None, limit: float = LIMIT
) -> list[Finding]:
    """Everything that is found of a package's plugins.

    Args:
        subject: the package.
        model: a model to convert with it; none when empty.
        options: of that conversion.
        limit: seconds that one call of a hook may take.
    """
    found: list[Finding] = []
    for plugin, module in subject.points.items():
        found += _Child(subject, plugin, model, options or {}, limit).run()
        found += import_findings(subject, module, limit)
    layers = [m for f in found if f.subject == "dragoman_register_extractors" and f.level == "seen"
              for m in _EXTRACTOR.findall(f.what.removeprefix("gives "))]  # fmt: skip
    found += dependency_findings(subject, sorted({framework for framework, _ in layers}))
    found += test_findings(subject, [layer for _, layer in layers])
    return list(dict.fromkeys(found))


@dataclasses.dataclass
class _Child:
    subject: Subject
    plugin: str
    model: str
    options: Mapping[str, Any]
    limit: float

    def run(self) -> list[Finding]:
        """The findings of the process; where a hook stops it, it is run again without that hook."""
        found: list[Finding] = []
        skipped: list[str] = []
        while True:
            events, stopped, why = self._once(skipped)
            found += [_finding(e) for e in events if e["event"] == "finding"]
            if not stopped:
                return found
            hint = "a hook returns what it has, and leaves the work to the functions that it returns"
            found.append(Finding("error", stopped, why, hint))
            if stopped in (*skipped, _NONE[0]):
                return found
            skipped.append(stopped)

    def _once(self, skipped: list[str]) -> tuple[list[dict[str, Any]], str, str]:
        source = str(self.subject.folder) if self.subject.folder else ""
        request = {"plugin": self.plugin, "skip": skipped, "source": source, "model": self.model,
                   "options": dict(self.options)}  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="plugin-check-") as folder:
            log, errors = Path(folder) / "log", Path(folder) / "errors"
            log.touch()
            with errors.open("w") as stream:
                child = subprocess.Popen(
                    [sys.executable, "-m", "dragoman_sdk.check.child", str(log)], stdin=subprocess.PIPE, text=True,
                    stdout=subprocess.DEVNULL, stderr=stream, env=self.subject.environment(),
                )  # fmt: skip
                stopped = self._wait(child, json.dumps(request), log)
            events = list(_events(log))
            last = (errors.read_text(errors="replace").strip().splitlines() or [""])[-1]
        if stopped:
            return events, stopped, f"it did not come back within {self.limit:g} s"
        if any(e["event"] == "done" for e in events):
            return events, "", ""
        return events, _under_way(events)[0], f"it ended the process (exit code {child.returncode}) {last}"

    def _wait(self, child: subprocess.Popen[str], request: str, log: Path) -> str:
        """Wait for the process; the name of the step at which it was ended, if it was."""
        assert child.stdin is not None
        try:
            child.stdin.write(request)
            child.stdin.close()
        except BrokenPipeError:
            pass
        step, since = _NONE, time.monotonic()
        size = -1
        while child.poll() is None:
            time.sleep(0.02)
            now = log.stat().st_size
            if now != size:
                size, since = now, time.monotonic()
                step = _under_way(list(_events(log)))
            if time.monotonic() - since > self.limit * step[1]:
                child.kill()
                child.wait()
                return step[0]
        return ""


def _events(log: Path) -> Iterator[dict[str, Any]]:
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:  # the last line, cut by the end of the process
            return


def _under_way(events: list[dict[str, Any]]) -> tuple[str, float]:
    """The innermost step that has begun and not ended, and how many times the limit it may take."""
    open_steps: list[tuple[str, float]] = []
    for event in events:
        if event["event"] == "begin":
            open_steps.append((event["name"], event["times"]))
        elif event["event"] == "end":
            open_steps.pop()
    return open_steps[-1] if open_steps else _NONE


def _finding(event: Mapping[str, Any]) -> Finding:
    return Finding(event["level"], event["subject"], event["what"], event["hint"])
