"""``check``: the source in its own framework against the IR in OpenVINO."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dragoman.accuracy.compare import Difference, Report, compare_all
from dragoman.accuracy.feeds import generate, load
from dragoman.errors import PluginError
from dragoman.graph.types import TensorType
from dragoman.hookspecs import Reference
from dragoman.offload.run import clock
from dragoman.plugins import PluginHost
from dragoman.runtime import IrRunner

TOLERANCE = 1e-4
#: inferences whose time is taken, where layers run in their own framework
TIMED_RUNS = 5


def check_model(
    model: Any,
    ir: Any,
    host: PluginHost,
    framework: str,
    inputs: Mapping[str, TensorType],
    outputs: list[str],
    *,
    data: Path | Mapping[str, Any] | None = None,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    samples: int = 1,
    frozen: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Report:
    """Run both and compare; PluginError D608 when the framework's runner is not installed, D609 when it cannot run it.

    ``frozen`` are values that the IR has as constants; the source is given them as inputs. ``options`` are those of the
    conversion. The first reference that can run the model speaks for all data sets.
    """
    references = ready_references(host, framework, options)
    notes: list[str] = []
    runner = IrRunner(ir, host)
    calls = clock.calls
    differences: list[Difference] = []
    for k in range(1 if data is not None else samples):
        if data is None:
            feeds = generate(inputs, seed + k)
        else:
            feeds = load(data, list(inputs)) if isinstance(data, (str, Path)) else dict(data)
        expected = _first_answer(references, notes, model, {**feeds, **(frozen or {})}, outputs, options)
        actual = runner.run(feeds)
        differences += compare_all(expected, actual, tolerance, f" #{k}" if samples > 1 and data is None else "")
    share = offloaded_share(runner, feeds) if clock.calls > calls else None
    return Report(_label(model), _label(ir), references[0].name, tolerance, tuple(differences), tuple(notes), share)


def offloaded_share(runner: IrRunner, feeds: Mapping[str, Any]) -> float:
    """Of the time of an inference, what layers take that run in their own framework: the median of a few runs."""
    shares = []
    for _ in range(TIMED_RUNS):
        before, start = clock.seconds, time.perf_counter()
        runner.run(feeds)
        shares.append((clock.seconds - before) / (time.perf_counter() - start))
    return min(1.0, statistics.median(shares))


def _label(model: Any) -> str:
    return str(model) if isinstance(model, (str, Path)) else f"<{type(model).__name__}>"


def _first_answer(
    references: list[Reference],
    notes: list[str],
    model: Any,
    feeds: dict[str, Any],
    outputs: list[str],
    options: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The outputs by the first reference that can run the model; those before it are dropped, with a note each."""
    while True:
        try:
            return references[0].answer(model, feeds, outputs, options)
        except PluginError as error:
            if error.code != "D609" or len(references) == 1:
                raise
            notes.append(error.what)
            del references[0]


def ready_references(host: PluginHost, framework: str, options: Mapping[str, Any] | None = None) -> list[Reference]:
    """The references of a framework that are installed, the preferred first; PluginError D608 when there is none."""
    found = host.references(framework)
    lacking: list[str] = []
    ready: list[Reference] = []
    for _, reference in found:
        if line := reference.lacks(options):
            lacking.append(f"{reference.name}: {line}")
        else:
            ready.append(reference)
    if ready:
        return ready
    if not found:
        raise PluginError("D608", f"no plugin can run {framework} models", "check", "dragoman plugin list --hooks")
    raise PluginError("D608", f"nothing installed can run {framework} models", "check", "; ".join(lacking))
