"""``check``: the source in its own framework against the IR in OpenVINO."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dragoman.accuracy.compare import Difference, Report, compare_all
from dragoman.accuracy.feeds import generate, load
from dragoman.errors import PluginError
from dragoman.graph.types import TensorType
from dragoman.plugins import PluginHost
from dragoman.runtime import IrRunner

TOLERANCE = 1e-4


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
) -> Report:
    """Run both and compare; PluginError D608 when the framework's runner is not installed.

    ``frozen`` are values that the IR has as constants; the source is given them as inputs.
    """
    reference = _reference(host, framework)
    runner = IrRunner(ir, host.runtime_classes())
    differences: list[Difference] = []
    for k in range(1 if data is not None else samples):
        if data is None:
            feeds = generate(inputs, seed + k)
        else:
            feeds = load(data, list(inputs)) if isinstance(data, (str, Path)) else dict(data)
        expected = reference.run(model, {**feeds, **(frozen or {})}, outputs)
        actual = runner.run(feeds)
        differences += compare_all(expected, actual, tolerance, f" #{k}" if samples > 1 and data is None else "")
    return Report(_label(model), _label(ir), reference.name, tolerance, tuple(differences))


def _label(model: Any) -> str:
    return str(model) if isinstance(model, (str, Path)) else f"<{type(model).__name__}>"


def _reference(host: PluginHost, framework: str) -> Any:
    found = host.references(framework)
    lacking = []
    for _, reference in found:
        line = reference.missing()
        if not line:
            return reference
        lacking.append(f"{reference.name}: {line}")
    if not found:
        raise PluginError("D608", f"no plugin can run {framework} models", "check", "dragoman plugin list --hooks")
    raise PluginError("D608", f"nothing installed can run {framework} models", "check", "; ".join(lacking))
