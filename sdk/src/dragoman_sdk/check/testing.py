"""Runs a package's own tests, and the conformance suite on each of its plugins."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

from dragoman_sdk.check.package import test_files
from dragoman_sdk.check.subject import Subject

#: what pytest exits with when it has found no test
_NO_TESTS = 5
_SUITE = '''"""What every plugin keeps."""

from dragoman_sdk.conformance import PluginConformance

'''


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Of one run of pytest."""

    title: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    note: str = ""
    output: str = ""

    @property
    def ok(self) -> bool:
        """Nothing failed, and it ran."""
        return not self.failed and (self.passed > 0 or bool(self.note))

    def __str__(self) -> str:
        counts = [(self.passed, "passed"), (self.failed, "failed"), (self.skipped, "skipped")]
        told = ", ".join(f"{n} {word}" for n, word in counts if n)
        return f"{self.title:<12} {'; '.join(filter(None, [told, self.note])) or 'nothing ran'}"


def run_tests(subject: Subject, arguments: Sequence[str] = ()) -> tuple[list[Outcome], float]:
    """The outcomes, and the seconds they took.

    Args:
        subject: the package.
        arguments: for pytest, in the run of the package's own tests.
    """
    start = time.monotonic()
    outcomes = [_own(subject, arguments), _conformance(subject)]
    return outcomes, time.monotonic() - start


def _own(subject: Subject, arguments: Sequence[str]) -> Outcome:
    if subject.folder is None:
        return Outcome("own tests", note="not seen: it is installed without its sources; give their folder")
    if not test_files(subject.folder):
        return Outcome("own tests", note="there are none")
    return _pytest("own tests", subject, subject.folder, arguments)


def _conformance(subject: Subject) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="plugin-test-") as folder:
        classes = "\n\n".join(
            f"class TestPlugin{k}(PluginConformance):\n    name = {name!r}" for k, name in enumerate(subject.points)
        )
        (Path(folder) / "test_conformance.py").write_text(_SUITE + classes + "\n", encoding="utf-8")
        return _pytest("conformance", subject, Path(folder), ("--import-mode=importlib",))


def _pytest(title: str, subject: Subject, folder: Path, arguments: Sequence[str]) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="plugin-test-") as temporary:
        report = Path(temporary) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}", *arguments]
        done = subprocess.run(
            command, cwd=folder, env=subject.environment(), capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        output = done.stdout + done.stderr
        if not report.exists():
            return Outcome(title, failed=1, note=f"pytest ended with {done.returncode}", output=output)
        passed = failed = left = 0
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            total, bad, skipped = (int(suite.get(n, 0)) for n in ("tests", "failures", "skipped"))
            bad += int(suite.get("errors", 0))
            passed, failed, left = passed + total - bad - skipped, failed + bad, left + skipped
    if done.returncode not in (0, _NO_TESTS):
        failed = failed or 1
    return Outcome(title, passed, failed, left, output=output)
