"""If and Loop."""

from __future__ import annotations

from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import POISON, Body, Extractors, Layer
from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import Graph, Value, captured
from dragoman.graph.types import TensorType, boolean, i64
from dragoman.infer.evaluate import constant_array
from dragoman_onnx.functions import forget_names
from dragoman_onnx.layers.bodies import add_node, capture, drop_input, nothing, path_of, settled, stack_output, whole

layers = Extractors("onnx")

#: iterations that a loop over sequences may be unrolled to
MAX_UNROLLED = 1024
_ENDLESS = 2**31 - 1


@layers("If")
def if_(layer: Layer, op: Builder, condition: Value) -> Any:
    """If(cond): the outputs of one of two branches; a condition known at conversion leaves that branch alone."""
    graphs = {"then_body": layer.graph("then_branch"), "else_body": layer.require("else_branch")}
    known = layer.numbers(condition)
    if known is not None and len(known) == 1:
        return layer.inline(graphs["then_body" if known[0] else "else_body"], [], path_of(layer))
    bodies = {name: layer.body(graph, [], path_of(layer, name.removesuffix("_body"))) for name, graph in graphs.items()}
    complete = [whole(layer, body) for body in bodies.values()]
    if not all(complete):
        return nothing(layer)
    inputs: list[Value] = [condition]
    ports = {}
    for name, body in bodies.items():
        outer, connections = capture(body, len(inputs))
        inputs += outer
        results = tuple(PortMap(i, i) for i in range(len(body.outputs)))
        ports[name.replace("body", "ports")] = BodyPorts(tuple(connections), results)
    node = add_node(op, "If", inputs, {name: body.graph for name, body in bodies.items()}, **ports)
    if any(v.rank is None for v in node.outputs if v.uses or layer.wants(v.index)):
        raise layer.refuse(
            "the branches return tensors of different ranks, and the condition is not known",
            "fix the input shapes or values that it follows from (--shape, --input)",
        )
    return node.outputs


@layers("Loop", accepts_any=True)
def loop(layer: Layer, op: Builder, trips: Value | None = None, condition: Value | None = None, *carried: Any) -> Any:
    """Loop(M, cond, v_initial...): the body again and again; returns the last carried values and the stacked others."""
    graph: Graph = layer.graph("body")
    if len(graph.inputs) != len(carried) + 2 or len(graph.outputs) < len(carried) + 1:
        raise layer.refuse(f"the body takes {len(graph.inputs)} inputs, {len(carried) + 2} are given")
    if any(v is None for v in carried):
        raise layer.refuse("a carried value has no first value", "the model is not valid")
    count = None if trips is None else layer.numbers(trips)
    go = (1,) if condition is None else layer.numbers(condition)
    if any(known is not None and len(known) != 1 for known in (count, go)):
        raise layer.refuse("the trip count and the condition must be single values", "the model is not valid")
    if not all(isinstance(v, Value) for v in carried) or _folds(layer, graph, carried, count, go):
        return _unrolled(layer, op, graph, list(carried), count, go)
    body = _body(layer, graph, list(carried))
    if body is None:
        return nothing(layer)
    if (count is not None and count[0] <= 0) or go == (0,):
        return _never(op, body, list(carried))
    for index in range(len(carried) + 1, len(body.outputs)):
        stack_output(body, index, 0)
    limit = _limit(op, trips, count)
    start = op.constant(True, boolean) if condition is None else condition
    if count is not None and go is None:
        # the runtime gives stacked outputs M slices where M is a constant, even if the first condition is false
        limit = op.Select(start, limit, op.constant(0, i64))
    return _loop(op, body, [limit, start, *carried], len(carried))


def _folds(
    layer: Layer, graph: Graph, carried: tuple[Any, ...], count: tuple[int, ...] | None, go: tuple[int, ...] | None
) -> bool:
    """Nothing of the loop depends on the model's inputs: the runtime would fold it, and cannot where shapes change."""
    if count is None or not go or not go[0] or not 0 < count[0] * len(graph) <= MAX_UNROLLED:
        return False
    outer = [layer.scope.lookup(v) for v in captured(graph)]
    return all(isinstance(v, Value) and v.tensor is not None for v in (*carried, *outer))


def _body(layer: Layer, graph: Graph, carried: list[Value]) -> Body | None:
    """The body with inputs (iteration, carried...); the condition that it is told is true whenever it runs."""
    number, told = graph.inputs[0], graph.inputs[1]
    types = [TensorType(i64, (1,) if number.rank == 1 else ()), TensorType(boolean, (1,) if told.rank == 1 else ())]
    types += [v.type for v in carried]
    edges = [(1 + i, 2 + i) for i in range(len(carried))]
    body = settled(layer, graph, types, edges, path_of(layer))
    if body.poisoned:
        return None
    parameter = body.graph.inputs[1]
    first = next(iter(body.graph))
    shape = () if parameter.rank == 0 else (1,)
    true = body.scope.builder.at(before=first).constant(True if not shape else [True], boolean)
    drop_input(body, parameter, true)
    return body


def _limit(op: Builder, trips: Value | None, count: tuple[int, ...] | None) -> Value:
    """The trip count as the runtime wants it: -1 for no limit, and no other negative number."""
    if trips is None or (count is not None and count[0] >= _ENDLESS):
        return op.constant(-1, i64)
    if count is not None:
        return op.constant(count[0], i64)
    limit: Value = op.Maximum(trips, op.constant(0, i64))
    return limit


def _loop(op: Builder, body: Body, inputs: list[Value], carried: int) -> tuple[Value, ...]:
    iteration: int | None = 0
    number = body.graph.inputs[0]
    if not number.uses and number not in body.graph.outputs:
        drop_input(body, number)
        iteration = None
    first = 0 if iteration is None else 1
    entries = [PortMap(2 + i, first + i) for i in range(carried)]
    outer, connections = capture(body, len(inputs))
    results = [PortMap(i, 1 + i) for i in range(carried)]
    results += [PortMap(i, 1 + i, axis=0) for i in range(carried, len(body.outputs) - 1)]
    ports = BodyPorts(
        tuple(entries + connections),
        tuple(results),
        tuple((1 + i, first + i) for i in range(carried)),
        iteration=iteration,
        condition=0,
    )
    return add_node(op, "Loop", [*inputs, *outer], {"body": body.graph}, ports=ports).outputs


def _never(op: Builder, body: Body, carried: list[Value]) -> list[Value]:
    """The outputs of a loop that runs no iteration: the first values, and nothing stacked."""
    found = list(carried)
    for value in body.outputs[len(carried) + 1 :]:
        dims = [d if isinstance(d, int) else 0 for d in value.shape or ()]
        found.append(op.constant([], value.dtype, shape=[0, *dims]))
    return found


def _unrolled(
    layer: Layer,
    op: Builder,
    graph: Graph,
    carried: list[Any],
    count: tuple[int, ...] | None,
    go: tuple[int, ...] | None,
) -> list[Any]:
    """A loop over sequences, written out; the number of iterations must be known."""
    if go is None or (count is None and layer.node.inputs[0] is not None):
        raise layer.refuse("a loop over sequences whose trip count is computed at run time", "freeze M with --input")
    forget_names(graph)
    stacked: list[list[Value]] = [[] for _ in graph.outputs[len(carried) + 1 :]]
    mark, done = len(layer.context.layers), 0
    shapes = [(1,) if v.rank == 1 else () for v in graph.inputs[:2]]
    while go[0] and (count is None or done < count[0]):
        if done == MAX_UNROLLED:
            raise layer.refuse(f"a loop over sequences of more than {MAX_UNROLLED} iterations")
        number = op.constant(done if not shapes[0] else [done], i64)
        true = op.constant(True if not shapes[1] else [True], boolean)
        outputs = layer.inline(graph, [number, true, *carried], path_of(layer, str(done)))
        if any(v is POISON for v in outputs):
            return nothing(layer)
        if done:
            del layer.context.layers[mark:]
        mark = len(layer.context.layers)
        known = layer.numbers(outputs[0]) or _computed(outputs[0])
        if known is None:
            raise layer.refuse("a loop over sequences whose end is decided at run time", "IR has tensors only")
        go, carried = known, outputs[1 : len(carried) + 1]
        for held, value in zip(stacked, outputs[len(carried) + 1 :], strict=True):
            held.append(op.Unsqueeze(value, op.constant([0])))
        done += 1
    if stacked and not done:
        raise layer.refuse("a loop over sequences that never runs and stacks outputs")
    return carried + [op.Concat(*held, axis=0) for held in stacked]


def _computed(condition: Value) -> tuple[int, ...] | None:
    """A condition that follows from constants, as 0 or 1."""
    found = constant_array(condition)
    return None if found is None else (int(found.item()),)
