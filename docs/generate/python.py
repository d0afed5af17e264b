"""The Python API: functions of ``dragoman`` and what they return."""

from __future__ import annotations

from docs.generate.markdown import doc, page, text
from docs.generate.objects import described, signature

import dragoman
from dragoman import runtime
from dragoman.accuracy.compare import Difference, Report
from dragoman.frontends.extract import LayerPlan
from dragoman.report.inventory import Inventory
from dragoman.report.plan import Plan
from dragoman.session import Result

FUNCTIONS = ("convert", "plan", "inspect", "check")
#: of ``dragoman.runtime``
RUNTIME = ("load", "core")
RETURNED: tuple[type, ...] = (Result, Plan, LayerPlan, Inventory, Report, Difference)


def python_page() -> str:
    """``reference/python.md``."""
    parts = [
        text(
            """`import dragoman` imports nothing heavy; each name is loaded when it is first used. Every error is a
            subclass of `dragoman.DragomanError`; see [error codes](errors.md). Options are those of
            [options](options.md)."""
        )
    ]
    for name in FUNCTIONS:
        function = getattr(dragoman, name)
        parts += [f"## dragoman.{name}", f"```python\ndragoman.{name}{signature(function)}\n```", doc(function)]
    for name in RUNTIME:
        function = getattr(runtime, name)
        parts += [f"## dragoman.runtime.{name}", f"```python\n{name}{signature(function)}\n```", doc(function)]
    parts.append("## What they return")
    for kind in RETURNED:
        parts += [f"### {kind.__name__}", *described(kind)]
    return page("Python API", *parts)
