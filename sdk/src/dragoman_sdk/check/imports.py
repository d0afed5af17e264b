"""What importing a plugin's module costs every command, and by which of its modules."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from dragoman_sdk.check.findings import Finding
from dragoman_sdk.check.subject import Subject

#: milliseconds that the module of an entry point may take, what it imports included
SLOW = 50
_LINE = re.compile(r"import time:\s*(\d+) \|\s*(\d+) \|( *)(\S+)")
_MARK = "@@ the plugin's"


@dataclass(frozen=True)
class _Import:
    module: str
    milliseconds: float
    depth: int


def import_findings(subject: Subject, module: str, limit: float) -> Iterator[Finding]:
    """Heavy modules that the entry point imports, with the module that does it; the time that all of it takes."""
    from dragoman_sdk.contract import HEAVY

    imports = _timed(subject, module.partition(":")[0], limit)
    if imports is None:
        return  # loading it fails, or does not end: told elsewhere
    heavy = [(k, i) for k, i in enumerate(imports) if i.module in HEAVY]
    for at, found in heavy:
        by = next((i.module for i in imports[at + 1 :] if i.depth < found.depth), module)
        yield Finding(
            "error", "imports", f"{found.module} is imported by {by}, in {found.milliseconds:.0f} ms",
            "every dragoman command imports plugin.py: import it inside the hook or function that needs it",
        )  # fmt: skip
    total = sum(i.milliseconds for i in imports if i.depth == min(j.depth for j in imports)) if imports else 0.0
    if total > SLOW and not heavy:
        worst = max(imports, key=lambda i: (i.module != module, i.milliseconds))
        yield Finding("warning", "imports", f"the module takes {total:.0f} ms, {worst.milliseconds:.0f} of it "
                      f"{worst.module}", "import inside the hooks")  # fmt: skip
    elif not heavy:
        yield Finding("seen", "imports", f"{module} is light: {total:.0f} ms")


def _timed(subject: Subject, module: str, limit: float) -> list[_Import] | None:
    """Modules in the order in which their import ended: a module comes after what it imports."""
    code = (
        "import sys, dragoman.plugins, dragoman.hookspecs, typing, dataclasses, collections.abc\n"
        f"sys.stderr.write({_MARK!r} + '\\n'); sys.stderr.flush()\nimport {module}\n"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=False,
            env=subject.environment(), timeout=limit, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        return None
    lines = done.stderr.partition(_MARK)[2].splitlines()
    found = [m for m in map(_LINE.match, lines) if m]
    return [_Import(m[4], int(m[2]) / 1000, len(m[3])) for m in found]
