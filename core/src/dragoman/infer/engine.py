"""Runs ``infer`` of ops: element types, shapes and small values together, node by node."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dragoman.errors import InferError
from dragoman.graph.graph import Graph, Node, Value
from dragoman.graph.types import TensorType, dynamic
from dragoman.ops.define import Contradiction, Op, same_element_type

if TYPE_CHECKING:
    from dragoman.infer.stated import StatedShapes
    from dragoman.ops.define import In

#: of one tensor: beyond any memory, so a sign of a corrupt model
MAX_ELEMENTS = 1 << 38
Override = Callable[[Node], "Sequence[TensorType] | None"]


def port_of(cls: type[Op], slot: int) -> In | None:
    """The declared port that an input slot belongs to."""
    ports = cls.inputs
    if slot < len(ports):
        return ports[slot]
    return ports[-1] if ports and ports[-1].variadic else None


def infer_node(node: Node) -> None:
    """Set the types of a target node's outputs; InferError names the node, its inputs and its origin."""
    attrs: Op = node.attrs
    try:
        if (stated := _stated(node)) is not None:
            types: Sequence[TensorType] = stated
        elif (shape_rule := _override(node)) is not None:
            types = shape_rule
        else:
            _check_arity(attrs, node.inputs)
            pairs = [(port_of(type(attrs), i), v) for i, v in enumerate(node.inputs) if v is not None]
            same_element_type(node.op, [(p, v.dtype) for p, v in pairs if p is not None])
            args: list[Value | None] = list(node.inputs)
            while args and args[-1] is None:
                args.pop()
            result: TensorType | Sequence[TensorType]
            if attrs.body_names:
                result = attrs.infer_bodies(node, infer_graph)
            elif type(attrs).infer is Op.infer:
                result = _last_resort(node)
            else:
                result = attrs.infer(*args)
            types = (result,) if isinstance(result, TensorType) else result
    except Contradiction as why:
        raise infer_error(node, str(why)) from None
    except (ArithmeticError, MemoryError, struct.error) as error:  # numbers that no tensor has
        raise infer_error(node, f"its numbers are out of range: {error}") from error
    if len(types) != len(node.outputs):
        raise infer_error(node, f"inference gave {len(types)} outputs for {len(node.outputs)}", code="D402")
    for value, kind in zip(node.outputs, types, strict=True):
        if _too_large(kind):
            raise infer_error(node, f"an output would be {kind!r}: more than {MAX_ELEMENTS} elements", code="D403")
        value.type = kind


def _too_large(kind: TensorType) -> bool:
    count = 1
    for dim in kind.shape or ():
        if isinstance(dim, int):
            count *= dim
    return count > MAX_ELEMENTS


def infer_graph(graph: Graph) -> None:
    """Infer every node in order; constants have the type of their data."""
    for node in graph:
        if isinstance(node.attrs, Op) and node.tensor is None:
            infer_node(node)


def infer_error(node: Node, why: str, code: str = "D401") -> InferError:
    """What inference found wrong with a node, with everything a reader needs."""
    given = ", ".join("-" if v is None else repr(v.type) for v in node.inputs)
    where = f"{node.op} {node.name!r} with inputs ({given}) and {node.attrs!r}"
    if node.origin is not None:
        where += f", from {node.origin.framework} {node.origin}"
    return InferError(code, why, where, "check the model with its own framework; see the shapes with dragoman inspect")


def _stated(node: Node) -> Sequence[TensorType] | None:
    """What the user says of a custom layer, with the element types of its op's own inference where it has one."""
    stated: StatedShapes | None = node.graph.info.get("stated_shapes") if node.graph is not None else None
    types = stated.types(node) if stated is not None else None
    if stated is None or types is None or type(node.attrs).infer is Op.infer:
        return types
    try:
        own = node.attrs.infer(*node.inputs)
    except Contradiction:
        return types
    return stated.types(node, (own,) if isinstance(own, TensorType) else own)


def _override(node: Node) -> Sequence[TensorType] | None:
    graph = node.graph
    rules: dict[tuple[str, str], Override] | None = graph.info.get("shape_rules") if graph is not None else None
    if not rules:
        return None
    framework = node.origin.framework if node.origin else ""
    rule = rules.get((framework, node.op)) or rules.get(("", node.op))
    return rule(node) if rule else None


def _last_resort(node: Node) -> Sequence[TensorType]:
    """For an op without inference: what ``dragoman_infer_shape`` says, else nothing is known."""
    ask: Override | None = node.graph.info.get("infer_shape") if node.graph is not None else None
    found = ask(node) if ask is not None else None
    return found if found is not None else [TensorType(dynamic, None) for _ in node.outputs]


def _check_arity(attrs: Op, inputs: Sequence[Value | None]) -> None:
    ports = attrs.inputs
    variadic = bool(ports) and ports[-1].variadic
    if len(inputs) > len(ports) and not variadic:
        raise Contradiction(f"{attrs.type} takes {len(ports)} inputs, not {len(inputs)}")
    for i, port in enumerate(ports):
        if not port.optional and not port.variadic and (i >= len(inputs) or inputs[i] is None):
            raise Contradiction(f"{attrs.type} needs the input {port.name!r}")
    if variadic and not ports[-1].optional and any(v is None for v in inputs[len(ports) - 1 :]):
        raise Contradiction(f"one of the inputs {ports[-1].name!r} is missing")
