"""The public functions: convert, plan, inspect, check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.frontends.contract import Model
from dragoman.session import Result, Session

if TYPE_CHECKING:
    from dragoman.accuracy.compare import Report
    from dragoman.plugins import PluginHost
    from dragoman.report.inventory import Inventory
    from dragoman.report.plan import Plan

Progress = Callable[[str], None]


def convert(model: Any, *, host: PluginHost | None = None, progress: Progress | None = None, **options: Any) -> Result:
    """Convert a model to OpenVINO IR.

    Args:
        model: a path, bytes, a file object, or an object of the framework (such as ``onnx.ModelProto``).
        host: loaded plugins, to be shared by several conversions; the installed ones by default.
        progress: told the name of each stage as it starts.
        options: as on the command line: ``shapes={"x": "1,3,224,224"}``, ``inputs=[...]``, ``outputs=[...]``,
            ``precision="f16"``, ...; see ``dragoman convert --help``.

    Raises:
        DragomanError: with code, what, where and hint.
    """
    return Session(options, host, progress).convert(model)


def plan(model: Any, *, host: PluginHost | None = None, progress: Progress | None = None, **options: Any) -> Plan:
    """What would become of every layer, before anything is written; takes the options of :func:`convert`."""
    from dragoman.report.inventory import inventory
    from dragoman.report.plan import Plan

    given = Model(model)
    session = Session(options, host, progress)
    graph, layers = session.plan(given)
    ports = inventory(graph, given.name, session.context.framework)
    inputs = tuple(f"{p.name}: {p.type}" for p in ports.inputs)
    outputs = tuple(f"{p.name}: {p.type}" for p in ports.outputs)
    return Plan(
        given.name, session.context.framework, ports.format, tuple(layers), inputs, outputs, ports.hints,
        tuple(session.replacements),
    )  # fmt: skip


def inspect(model: Any, *, host: PluginHost | None = None, **options: Any) -> Inventory:
    """Format, inputs, outputs, layers with counts and the size of the weights; no weight is loaded."""
    from dragoman.report.inventory import inventory

    given = Model(model)
    session = Session(options, host)
    frontend, graph = session.load(given)
    return inventory(graph, given.name, frontend.name)


def check(
    model: Any,
    ir: str | Path | None = None,
    *,
    data: str | Path | Mapping[str, Any] | None = None,
    tolerance: float = 1e-4,
    seed: int = 0,
    samples: int = 1,
    host: PluginHost | None = None,
    **options: Any,
) -> Report:
    """Run the source in its own framework and the IR in OpenVINO, and compare every output.

    Args:
        model: the source model's path.
        ir: the ``.xml``; converted in memory with ``options`` when None.
        data: arrays by input name, or a ``.npz``; random data when None.
        tolerance: largest allowed ``max_rel`` of an output (see :class:`~dragoman.accuracy.compare.Difference`).
        seed: of random data.
        samples: how many random data sets.

    Raises:
        AccuracyError: past the tolerance (D701); its ``report`` holds the numbers.
        PluginError: the framework's runner or OpenVINO is not installed.
    """
    from dragoman.accuracy.run import check_model
    from dragoman.runtime import checked_ir

    given = Model(model)
    session = Session(options, host)
    _, graph = session.load(given)
    inputs = {v.label: v.type for v in graph.inputs}
    outputs = [v.label for v in graph.outputs]
    frozen = {n.out.names[0]: n.tensor.numpy() for n in graph if n.tensor and "frozen" in n.info and n.out.names}
    target = checked_ir(ir) if ir is not None else Session(options, session.host).convert(Model(model)).openvino()
    report = check_model(
        given.path or given.given, target, session.host, session.context.framework, inputs, outputs,
        data=Path(data) if isinstance(data, str) else data, tolerance=tolerance, seed=seed, samples=samples,
        frozen=frozen, options=session.options,
    )  # fmt: skip
    if not report.passed:
        error = report.error()
        error.report = report
        raise error
    return report
