"""The type in which weights are stored: ``keep`` the source's, ``f16``, or ``f32``. Inputs and outputs never change.

**f16** compresses float constants the way the runtime recognises: a Constant ``<name>_compressed`` of f16, then a
Convert back to the type the model computes in, with the original's name and the mark ``decompression`` in its
``rt_info``; the runtime keeps the f16 data and converts as it needs. What is left alone:

- constants of fewer than :data:`LEAST` elements: the text of one more layer takes more room than is saved;
- those with a finite element that f16 cannot hold (at least 65520), with three quarters of the elements so small that
  they would become zero, or without one normal number. The runtime's own compression clamps large elements instead,
  which changes the model;
- those whose exact number decides: borders and scales of FakeQuantize and of dequantization, operands of comparisons,
  inputs that an op needs as constants, data that becomes an integer or is itself a model output.

**f32** widens: constants and computations in f16 and bf16 become f32, between Converts at the model's inputs and
outputs. f64 stays, as narrowing it would lose digits that the model asked for.
"""

from __future__ import annotations

import os

from dragoman.errors import UsageError
from dragoman.graph.graph import Graph, Node
from dragoman.graph.half import half_loss
from dragoman.graph.tensor import CastView, Tensor
from dragoman.graph.types import DType, TensorType, bf16, f16, f32, f64
from dragoman.graph.walk import walk
from dragoman.infer.engine import infer_graph, port_of
from dragoman.ops.define import ElementType, Op, OpRegistry

#: constants with fewer elements are not compressed
LEAST = 256
#: bytes of constants from which starting threads pays
PARALLEL = 32 << 20
PRECISIONS = ("keep", "f32", "f16")
_EXACT = frozenset(
    [
        "FakeQuantize",
        "FakeConvert",
        "Bucketize",
        "SearchSorted",
        "Equal",
        "NotEqual",
        "Less",
        "LessEqual",
        "Greater",
        "GreaterEqual",
    ]
)


def apply_precision(graph: Graph, precision: str, ops: OpRegistry) -> int:
    """Change a target graph in place; returns how many constants are stored in another type than before.

    UsageError D102 for a precision that does not exist.
    """
    if precision not in PRECISIONS:
        raise UsageError("D102", f"{precision!r} is not a precision", "option --precision", "use keep, f32 or f16")
    if precision == "keep":
        return 0
    return _widen(graph, ops) if precision == "f32" else _compress(graph, ops)


def _compress(graph: Graph, ops: OpRegistry) -> int:
    found: list[tuple[Node, Tensor]] = []
    for node in walk(graph):
        tensor = node.tensor
        if tensor is not None and tensor.dtype in (f32, f64) and tensor.count >= LEAST and not _decides(node):
            found.append((node, tensor))
    fitting = [pair for pair, fits in zip(found, _fit_half([t for _, t in found]), strict=True) if fits]
    for node, tensor in fitting:
        _store_as_half(node, tensor, ops)
    return len(fitting)


def _fit_half(tensors: list[Tensor]) -> list[bool]:
    """Whether each fits; many bytes are read by as many threads as there are processors, numpy working unlocked."""
    if sum(t.nbytes for t in tensors) < PARALLEL:
        return [_fits_half(t) for t in tensors]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        return list(pool.map(_fits_half, tensors))


def _decides(node: Node) -> bool:
    """The exact numbers of this constant matter, as the module's docstring lists."""
    graph = node.graph
    if graph is not None and node.out in graph.outputs:
        return True
    for user, slot in node.out.uses:
        if user.op in _EXACT:
            return True
        port = port_of(type(user.attrs), slot)
        if port is not None and port.constant:
            return True
        if user.op == "Convert" and not user.attrs.destination_type.is_float:
            return True
        if user.op in ("Multiply", "Subtract", "Divide") and _dequantizes(user, slot):
            return True
    return False


def _dequantizes(user: Node, slot: int) -> bool:
    """The other operand is converted from an integer, perhaps less its zero point."""
    other = user.inputs[1 - slot]
    if other is not None and other.producer.op == "Subtract":
        other = other.producer.inputs[0]
    if other is None or other.producer.op != "Convert":
        return False
    return other.producer.input(0).dtype.is_integer


def _fits_half(tensor: Tensor) -> bool:
    loss = half_loss(tensor)
    return not loss.overflowing and not loss.subnormal and 4 * loss.vanishing < 3 * loss.count


def _store_as_half(node: Node, tensor: Tensor, ops: OpRegistry) -> None:
    convert = _convert_after(node, tensor.dtype, ops)
    convert.name, node.name = node.name, f"{node.name}_compressed"
    convert.info["decompression"] = {"version": "0"}
    _retype(node, CastView(tensor, f16))


def _convert_after(node: Node, kind: DType, ops: OpRegistry) -> Node:
    """A Convert to ``kind`` that takes over every reader of the node's first output."""
    cls = ops.latest("Convert")
    assert cls is not None
    assert node.graph is not None
    value = node.out
    convert = Node("Convert", (), cls(destination_type=kind), origin=node.origin)
    convert.out.type = TensorType(kind, value.shape)
    node.graph.insert_after(node, convert)
    value.replace_by(convert.out, outputs=True)
    convert.add_input(value)
    return convert


def _retype(node: Node, tensor: Tensor) -> None:
    node.tensor = tensor
    node.out.type = TensorType(tensor.dtype, tensor.shape)


def _widen(graph: Graph, ops: OpRegistry) -> int:
    kinds = {v.dtype for n in walk(graph) for v in n.outputs}
    if not kinds & {f16, bf16}:
        return 0
    outside = [v.dtype for v in graph.outputs]
    for value in list(graph.inputs):
        if value.dtype in (f16, bf16) and value.uses:
            convert = _convert_after(value.producer, f32, ops)
            convert.name = f"{value.producer.name}/to_f32"
    changed = _retype_inside(graph, {id(v.producer) for v in graph.inputs})
    infer_graph(graph)
    for k, kind in enumerate(outside):
        value = graph.outputs[k]
        if value.dtype is not kind:
            graph.fix_output_names()
            _narrow_output(graph, k, kind, ops)
    _drop_idle_converts(graph)
    return changed


def _retype_inside(graph: Graph, border: set[int]) -> int:
    """f32 for every narrow float constant and type attribute, except those of the model's own inputs."""
    changed = 0
    for node in walk(graph):
        if id(node) in border:
            continue
        if node.tensor is not None and node.tensor.dtype in (f16, bf16):
            _retype(node, CastView(node.tensor, f32))
            changed += 1
        elif isinstance(node.attrs, Op):
            wide = {
                name: f32
                for name, field in node.attrs.attributes.items()
                if isinstance(field, ElementType) and getattr(node.attrs, name) in (f16, bf16)
            }
            if wide:
                node.attrs = node.attrs.replace(**wide)
    return changed


def _narrow_output(graph: Graph, index: int, kind: DType, ops: OpRegistry) -> None:
    value = graph.outputs[index]
    cls = ops.latest("Convert")
    assert cls is not None
    convert = Node("Convert", [value], cls(destination_type=kind), origin=value.producer.origin)
    convert.name = f"{value.producer.name}/to_{kind}"
    convert.out.type = TensorType(kind, value.shape)
    convert.out.names, value.names = value.names, ()
    graph.append(convert)
    graph.outputs[index] = convert.out


def _drop_idle_converts(graph: Graph) -> None:
    """Converts that no longer convert: the decompression of weights that are f32 now, above all."""
    for node in list(walk(graph)):
        if node.op != "Convert" or node.graph is None:
            continue
        value, own = node.input(0), node.graph
        if value.dtype is node.out.dtype and node.out not in own.outputs and value not in own.inputs:
            node.out.replace_by(value)
            own.remove(node)
