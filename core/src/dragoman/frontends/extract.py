"""Extraction: every source layer becomes values of a new target graph, by the extractor registered for it.

All layers are visited before anything is raised, so that one run names everything that is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dragoman.builder import Builder
from dragoman.errors import DragomanError, InferError, PluginError, closest
from dragoman.frontends.context import ExtractionContext, LayerPlan, unsupported
from dragoman.frontends.layer import POISON, Body, Layer, Refusal
from dragoman.frontends.registry import Extractor, Extractors, ExtractorTable
from dragoman.graph.graph import CONSTANT, INPUT, Graph, Node, Origin, Value
from dragoman.graph.walk import walk

__all__ = [
    "POISON", "Body", "ExtractionContext", "Extractor", "ExtractorTable", "Extractors", "Layer", "LayerPlan", "Refusal",
    "Scope", "extract", "plan_layers", "unsupported",
]  # fmt: skip
_MISSING: Any = object()


class Scope:
    """One level of extraction: source values seen so far and the target graph that grows."""

    def __init__(
        self,
        context: ExtractionContext,
        graph: Graph,
        *,
        parent: Scope | None = None,
        prefix: str = "",
        own: bool = False,
    ) -> None:
        self.context = context
        self.graph = graph
        self.parent = parent
        self.prefix = prefix
        self.own = own
        self.env: dict[int, Any] = {}
        self.captured: list[tuple[Value, Value]] = []
        self.named: dict[int, tuple[Value, dict[str, None]]] = {}
        if context.shape_rules:
            graph.info["shape_rules"] = context.shape_rules
        if context.infer_shape:
            graph.info["infer_shape"] = context.infer_shape
        if context.stated_shapes:
            graph.info["stated_shapes"] = context.stated_shapes
        self.builder = Builder(graph, context.ops)

    def inside(self, prefix: str, graph: Graph | None = None) -> Scope:
        """A scope for a sub-graph: in the same target graph, or in a body of its own."""
        return Scope(
            self.context, self.graph if graph is None else graph, parent=self, prefix=prefix, own=graph is not None
        )

    def lookup(self, value: Value) -> Any:
        """The target of a source value; values of an enclosing graph come in as body parameters or constant copies."""
        found = self.env.get(id(value), _MISSING)
        if found is not _MISSING:
            return found
        if self.parent is None:
            raise KeyError(f"{value!r} is read before it is made")
        outer = self.parent.lookup(value)
        found = self._import(outer) if self.own else outer
        self.env[id(value)] = found
        return found

    def _import(self, outer: Any) -> Any:
        if not isinstance(outer, Value):
            if isinstance(outer, (list, tuple)):
                return type(outer)(self._import(v) for v in outer)
            return outer
        if outer.tensor is not None:
            return self.builder.constant(outer.tensor, name=outer.producer.name)
        for value, parameter in self.captured:
            if value is outer:
                return parameter
        parameter = self.builder.parameter(outer.dtype, outer.shape, f"captured_{outer.producer.name}")
        self.graph.inputs.remove(parameter)  # the caller decides where captured inputs stand
        self.captured.append((outer, parameter))
        return parameter

    def declare(self, value: Value) -> None:
        """Make a model input; one that IR cannot have is refused."""
        node, kind = value.producer, value.type
        extra = (node.attrs or {}).get("kind", "")
        if extra or kind.dtype.is_dynamic or kind.shape is None:
            self.context.layers.append(_impossible_input(node, extra))
            self.env[id(value)] = POISON
            return
        parameter = self.builder.parameter(kind.dtype, kind.shape, node.name, value.names)
        parameter.producer.origin = node.origin
        self.env[id(value)] = parameter

    def run(self, graph: Graph) -> None:
        """Convert every node of a source graph, in order; its inputs are bound already."""
        for node in graph:
            if node.op == INPUT:
                if id(node.out) not in self.env:
                    raise KeyError(f"{node!r} is not bound")
            elif node.op == CONSTANT:
                assert node.tensor is not None
                constant = self.builder.at(origin=node.origin).constant(node.tensor, name=self.prefix + node.name)
                constant.names = self._names(node.out)
                self.env[id(node.out)] = constant
            else:
                mark = len(self.context.layers)
                self._layer(node)
                if self.parent is None:
                    self.context.visited(node, mark, self.graph)
        # at once: thousands of layers may pass one value on
        for value, names in self.named.values():
            value.names = tuple(dict.fromkeys((*value.names, *names)))
        self.named.clear()

    def _layer(self, node: Node) -> None:
        context = self.context
        version = context.version_of(node)
        layer = Layer(node, version, self)
        # nodes of our own stand for layers, which their origin tells
        op = node.origin.op if node.op.startswith("@") and node.origin is not None else node.op
        plan = LayerPlan(self.prefix + node.name, op, version, "converted")
        context.layers.append(plan)
        try:
            inputs = [None if v is None else self.lookup(v) for v in node.inputs]
            custom = node.op in context.custom_layers
            found = None if custom else context.table.find(context.framework, node.op, version)
            if custom and any(v is POISON for v in inputs):
                plan.status = "blocked"
                self._poison(node)
                return
            if found is None and any(v is POISON for v in inputs) and context.unknown_layer is None:
                self._unknown(node, plan)
                return
            if found is not None and any(v is POISON for v in inputs):
                plan.status, plan.by = "blocked", found[0]
                self._poison(node)
                return
            results = self._convert(layer, plan, found, inputs)
        except Refusal as why:
            plan.status, plan.reason, plan.hint, plan.code = "refused", why.what, why.hint, why.code
            self._poison(node)
            return
        except PluginError as error:
            plan.status, plan.reason, plan.hint, plan.code = "failed", error.what, error.hint, error.code
            context.failures.append(error)
            self._poison(node)
            return
        except InferError as error:
            where = f" (at {error.where})" if error.where else ""
            plan.status, plan.reason, plan.code = "refused", f"{error.what}{where}", error.code
            plan.hint = error.hint
            self._poison(node)
            return
        finally:
            noticed = plan.status == "refused" and plan.code != "D404" and node.op not in context.custom_layers
            if noticed and (remark := context.remark(node)):
                plan.hint = f"{remark}; {plan.hint}" if plan.hint else remark
        if results is None:
            self._unknown(node, plan)
            return
        self._bind(node, results, plan)

    def _convert(
        self, layer: Layer, plan: LayerPlan, found: tuple[str, Extractor] | None, inputs: list[Any]
    ) -> tuple[Any, ...] | None:
        context, node = self.context, layer.node
        origin = node.origin or Origin(context.framework, node.name, node.op)
        builder = self.builder.at(origin=origin, scope=plan.name)
        if found is None:
            if context.unknown_layer is None or any(v is POISON for v in inputs):
                return None
            layer.builder = builder
            answer = context.unknown_layer(layer, context)
            if answer is None:
                return None
            plan.by, results = answer
        else:
            plan.by, entry = found
            while inputs and inputs[-1] is None:
                inputs.pop()
            _check_inputs(entry, inputs)
            try:
                results = entry.function(layer, builder, *inputs)
            except (DragomanError, Refusal):
                raise
            except Exception as error:
                fault = context.fault(node, [v.type if isinstance(v, Value) else None for v in inputs])
                if fault:
                    raise Refusal(fault, "the model is not valid; check it with its framework") from error
                raise _extractor_failed(plan, error) from error
        left = [n for n in layer.unread() if not context.is_default(node, n, node.attrs[n])]
        if left:
            names = ", ".join(f"{n}={node.attrs[n]!r}" for n in left)
            raise Refusal(f"attributes that the extractor does not read: {names}", "write an extractor that reads them")
        return results if isinstance(results, tuple) else tuple(results) if isinstance(results, list) else (results,)

    def _bind(self, node: Node, results: Sequence[Any], plan: LayerPlan) -> None:
        if any(r is POISON for r in results):
            plan.status = "blocked"
            self._poison(node)
            return
        for value, target in zip(node.outputs, results, strict=False):
            self.env[id(value)] = target
            if not isinstance(target, Value) or target.producer.op == "Parameter":
                continue  # an input keeps the names it is fed by; output_names holds those of an output that is one
            if names := self._names(value):
                self.named.setdefault(id(target), (target, {}))[1].update(dict.fromkeys(names))
        for value in node.outputs[len(results) :]:
            self.env[id(value)] = POISON
            graph = node.graph
            if value.uses or (graph is not None and any(v is value for v in graph.outputs)):
                plan.status, plan.code = "refused", "D302"
                plan.reason = f"output {value.index} is not converted"
        last = results[0] if results else None
        if isinstance(last, Value) and last.producer.name.startswith(plan.name + "/"):
            last.producer.name = plan.name

    def _names(self, value: Value) -> tuple[str, ...]:
        """The tensor names that a value keeps; those inside an inlined sub-graph get its prefix, to stay unique."""
        if self.own or self.parent is None:
            return value.names
        return tuple(self.prefix + n for n in value.names) if self.prefix != self.parent.prefix else ()

    def _poison(self, node: Node) -> None:
        for value in node.outputs:
            self.env[id(value)] = POISON

    def _unknown(self, node: Node, plan: LayerPlan) -> None:
        context = self.context
        ranges = context.table.versions(context.framework, node.op)
        plan.status, plan.code = "unknown", "D301"
        if ranges:
            plan.reason = f"version {plan.version} is not covered; extractors cover {', '.join(ranges)}"
            plan.code = "D303"
        else:
            plan.reason = "no installed plugin converts this layer type"
            near = closest(node.op, context.table.names(context.framework))
            if near:
                plan.hint = f"closest registered: {', '.join(near)}"
            elif context.broken:
                plan.hint = f"broken plugins, one of which may have it: {', '.join(context.broken)}; dragoman doctor"
        self._poison(node)


def _check_inputs(entry: Extractor, inputs: Sequence[Any]) -> None:
    if len(inputs) < entry.least or any(inputs[i] is None for i in range(min(entry.least, len(inputs)))):
        raise Refusal(f"{entry.least} inputs are needed, {sum(v is not None for v in inputs)} are connected")
    if entry.most is not None and len(inputs) > entry.most:
        raise Refusal(f"{len(inputs)} inputs are connected, the extractor knows {entry.most}")
    if not entry.accepts_any and any(v is not None and not isinstance(v, Value) for v in inputs):
        raise Refusal("an input is a sequence or an optional, and the layer takes tensors")


def _extractor_failed(plan: LayerPlan, error: Exception) -> PluginError:
    return PluginError(
        "D605",
        f"the extractor of {plan.op} raised {type(error).__name__}: {error}",
        f"layer {plan.name!r}, plugin {plan.by}",
        "this is a defect of the plugin; report it with the layer's attributes",
    )


def extract(graph: Graph, context: ExtractionContext, name: str) -> Graph:
    """Convert a source graph; UnsupportedError names every layer that could not be converted.

    Returns the target graph with the same inputs and outputs, in the same order.
    """
    target, outputs = _run(graph, context, name)
    problems = context.problems()
    if context.failures:
        raise context.failures[0]
    if problems:
        raise unsupported(problems, str(graph.info.get("file", graph.name)))
    if context.stated_shapes is not None:
        context.stated_shapes.check_used([plan.name for plan in context.layers])
    target.outputs = [out for out in outputs if isinstance(out, Value)]
    target.output_names = [graph.names_of_output(k) or (v.producer.name,) for k, v in enumerate(graph.outputs)]
    return target


def plan_layers(graph: Graph, context: ExtractionContext, name: str) -> list[LayerPlan]:
    """What becomes of every layer; nothing is raised for those that cannot be converted."""
    context.planning = True
    context.target, _ = _run(graph, context, name)
    return context.layers


def _impossible_input(node: Node, kind: str) -> LayerPlan:
    plan = LayerPlan(node.name, "input", 0, "refused", code="D304")
    plan.hint = f"cut the model behind it, or freeze it: --input '{node.name}->VALUE'"
    if kind:
        plan.reason = f"the input's type is {kind}; IR has tensors only"
    elif node.out.dtype.is_dynamic:
        plan.reason = "the input's element type is not known"
    else:
        plan.code, plan.reason = "D306", "the input's number of dimensions is not known"
        plan.hint = f"give its shape: --shape '{node.name}=1,3,?,?'"
    return plan


def _with_bodies(target: Graph) -> Iterator[tuple[Node, Node]]:
    """(node of the graph itself, that node or one inside it)."""
    for top in target:
        yield top, top
        for body in top.bodies.values():
            yield from ((top, inner) for inner in walk(body))


def _unknown_ranks(target: Graph, outputs: Sequence[Any]) -> Iterator[tuple[Node, LayerPlan]]:
    """The nodes at which the number of dimensions gets lost: the runtime takes no tensor of unknown rank."""
    given_out = {id(v) for v in outputs}
    for top, node in _with_bodies(target):
        lost = any(v.shape is None and (v.uses or id(v) in given_out) for v in node.outputs)
        if lost and not any(v is not None and v.shape is None for v in node.inputs):
            origin = node.origin or Origin(layer=node.name, op=node.op)
            yield (
                top,
                LayerPlan(
                    origin.layer or node.name,
                    origin.op or node.op,
                    0,
                    "refused",
                    code="D306",
                    reason="the number of dimensions of its output follows from run-time values",
                    hint="fix the shapes or values that it follows from: --shape, --input NAME->VALUE, --static",
                ),
            )


def _run(graph: Graph, context: ExtractionContext, name: str) -> tuple[Graph, list[Any]]:
    target = Graph(name)
    scope = Scope(context, target)
    for value in graph.inputs:
        scope.declare(value)
    scope.run(graph)
    outputs = [scope.lookup(v) for v in graph.outputs]
    for made, plan in list(_unknown_ranks(target, outputs)):
        context.refused(plan, made)
    for value, out in zip(graph.outputs, outputs, strict=True):
        if not isinstance(out, Value) and out is not POISON:
            label = value.label
            plan = LayerPlan(
                label,
                value.producer.op,
                0,
                "refused",
                code="D304",
                reason="the model's output is a sequence or an optional; IR has tensors only",
                hint="cut the model before it with --output",
            )
            context.refused(plan, node=value.producer)
    return target, outputs
