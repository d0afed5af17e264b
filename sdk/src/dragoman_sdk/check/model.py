"""A model through the plugin: which of its layers it converts, what it forgets, and what the runtime says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.errors import DragomanError, closest
from dragoman.frontends.extract import LayerPlan
from dragoman.graph.graph import Graph
from dragoman.graph.types import Shape, shape_text
from dragoman.infer.dims import compatible
from dragoman.session import Result, Session
from dragoman_sdk.check.log import Log, place, told
from dragoman_sdk.check.watched import WatchedHost

if TYPE_CHECKING:
    import openvino

#: how much longer than one hook a conversion may take
_CONVERSION = 10


def look_at_model(host: WatchedHost, log: Log, model: str, options: Mapping[str, Any], skipped: Iterable[str]) -> None:
    """Plan and convert a model, load it into OpenVINO, and run it on random data."""
    name = Path(model).name
    if any(s == "model" or s.startswith("extractor ") for s in skipped):
        return
    try:
        with log.step("model", _CONVERSION):
            graph, layers = Session(options, host).plan(model)
    except DragomanError as error:
        log.find("error", "model", f"{name}: {error.code}: {error.what}", error.hint)
        return
    _layers(host, log, graph, layers, name)
    if any(layer.status != "converted" for layer in layers):
        log.find("note", "model", f"{name} is not converted as a whole, so nothing was run")
        return
    try:
        with log.step("model", _CONVERSION):
            result = Session(options, host).convert(model)
            _run(log, result)
    except DragomanError as error:
        level = "note" if error.code in ("D607", "D610") else "error"
        log.find(level, "model", f"{name}: {error.code}: {error.what}", error.hint)
    except Exception as error:
        log.find("error", "model", f"{name}: {told(error)}", place(error))


def _layers(host: WatchedHost, log: Log, graph: Graph, layers: Sequence[LayerPlan], name: str) -> None:
    framework = str(next((n.origin.framework for n in graph if n.origin is not None), ""))
    registered = [e.op for owner, e in host.extractor_table(framework).entries() if owner == host.watched]
    ours = [layer for layer in layers if layer.by == host.watched]
    for layer in ours:
        subject = f"extractor {framework}:{layer.op}"
        if layer.status in ("refused", "failed"):
            level = "error" if layer.status == "failed" or "does not read" in layer.reason else "warning"
            log.find(level, subject, f"layer {layer.name!r} of {name}: {layer.reason}", layer.hint)
    if ours:
        kinds = ", ".join(sorted({layer.op for layer in ours}))
        log.find("seen", "model", f"{len(ours)} of {len(layers)} layers of {name} are the plugin's: {kinds}")
    elif registered:
        log.find("warning", "model", f"{name} has no layer that the plugin converts",
                 "its layers: " + ", ".join(sorted({layer.op for layer in layers})))  # fmt: skip
    for op in sorted({layer.op for layer in layers if layer.status == "unknown"}):
        why = near_miss(op, registered)
        if why:
            log.find("error", f"layer {op}", why, "the type must be the model's, letter for letter")
        else:
            log.find("note", f"layer {op}", f"no installed plugin converts this layer of {name}")


def near_miss(op: str, registered: Sequence[str]) -> str:
    """Why a layer of a model is probably meant by an extractor, and not found; empty when none is like it."""
    domain, _, kind = op.rpartition(":")
    for own in registered:
        theirs, _, same = own.rpartition(":")
        if own.lower() == op.lower():
            return f"you registered {own}, the model has {op}"
        if same.lower() == kind.lower() and theirs != domain:
            told_own = f"the domain {theirs}" if theirs else "no domain"
            return f"you registered {own}, with {told_own}; the model has {op}"
    near = closest(op, registered, 1) or closest(kind, [r for r in registered if ":" not in r], 1)
    return f"you registered {near[0]}, the model has {op}" if near else ""


def _run(log: Log, result: Result) -> None:
    from dragoman.accuracy.feeds import generate
    from dragoman.runtime import IrRunner

    runtime = result.openvino()
    lies = list(_differences(result.graph, runtime))
    for name, ours, theirs in lies:
        log.find("error", "shapes", f"{name}: the conversion says {ours}, OpenVINO says {theirs}",
                 "a shape rule or an infer of the plugin does not say what the op does")  # fmt: skip
    if lies:
        return
    types = {v.names[0] if v.names else str(k): v.type for k, v in enumerate(result.graph.inputs)}
    if any(t.shape is None or t.dtype.kind == "string" for t in types.values()):
        log.find("note", "model", "it is not run: an input is a string, or has no known rank")
        return
    found = IrRunner(runtime).run(generate(types))
    for k, value in enumerate(result.graph.outputs):
        names = result.graph.names_of_output(k)
        array = next((found[n] for n in names if n in found), None)
        if array is not None and not _fits(value.shape, array.shape):
            log.find("error", "shapes", f"{names[0]}: the conversion says {shape_text(value.shape)}, "
                     f"the result has {list(array.shape)}", "a shape rule of the plugin is wrong")  # fmt: skip
    log.find("seen", "model", "OpenVINO loads and runs it; dragoman check compares its numbers with the source")


def _differences(graph: Graph, model: openvino.Model) -> Iterable[tuple[str, str, str]]:
    """Outputs of nodes whose types cannot both be right."""
    from dragoman_sdk.opcase import partial

    nodes = {node.name: node for node in graph}
    for layer in model.get_ordered_ops():
        node = nodes.get(layer.get_friendly_name())
        if node is None or layer.get_type_name() == "Result" or len(node.outputs) != len(layer.outputs()):
            continue
        for value, port in zip(node.outputs, layer.outputs(), strict=True):
            kind, shape = port.get_element_type().get_type_name(), partial(port.get_partial_shape())
            if value.dtype.name != kind or not _fits(value.shape, shape):
                yield node.name, f"{value.dtype}[{shape_text(value.shape)}]", f"{kind}[{shape_text(shape)}]"


def _fits(ours: Shape, theirs: Shape) -> bool:
    """Some shape is both."""
    if ours is None or theirs is None:
        return True
    if len(ours) != len(theirs):
        return False
    return all(compatible(a, b) for a, b in zip(ours, theirs, strict=True))
