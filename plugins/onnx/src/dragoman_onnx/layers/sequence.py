"""Sequences and optionals: containers of values that are resolved while the model is converted."""

from __future__ import annotations

from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import POISON, Extractors, Layer
from dragoman.graph.graph import Graph, Value
from dragoman.graph.types import boolean, i64, static_dims
from dragoman_onnx.functions import forget_names
from dragoman_onnx.layers.bodies import nothing, path_of
from dragoman_onnx.layers.sizes import axis_of, known_dim, rank_of

layers = Extractors("onnx")


class Sequence(tuple[Any, ...]):
    """A sequence of tensors whose length is known."""


class Optional(tuple[Any, ...]):
    """An optional that is known to hold something (one item) or nothing (none)."""


def items_of(layer: Layer, given: Any) -> Sequence:
    """The items of a sequence, or of an optional that holds one."""
    if isinstance(given, Optional) and given:
        given = given[0]
    if not isinstance(given, Sequence):
        raise layer.refuse("the input is not a sequence", "the model is not valid")
    return given


def _index(layer: Layer, position: Value, length: int) -> int | None:
    """The position counted from the front, None when it is computed at run time."""
    known = layer.numbers(position)
    if known is None:
        return None
    if not -length <= known[0] < length:
        raise layer.refuse(f"position {known[0]} is outside a sequence of {length}", "the model is not valid")
    return known[0] % length


@layers("SequenceEmpty")
def sequence_empty(layer: Layer, op: Builder) -> Any:
    """SequenceEmpty(): a sequence without items."""
    layer.ignore("dtype")
    return [Sequence()]


@layers("SequenceConstruct")
def sequence_construct(layer: Layer, op: Builder, *items: Value) -> Any:
    """SequenceConstruct(items...): a sequence of its inputs."""
    return [Sequence(items)]


@layers("SequenceInsert", accepts_any=True)
def sequence_insert(layer: Layer, op: Builder, sequence: Any, item: Value, position: Value | None = None) -> Any:
    """SequenceInsert(sequence, tensor, position): the sequence with an item more, at its end by default."""
    items = items_of(layer, sequence)
    known = (len(items),) if position is None else layer.numbers(position)
    if known is None:
        raise layer.refuse("the position is computed at run time", "freeze it with --input")
    at = known[0] if known[0] >= 0 else known[0] + len(items)
    if not 0 <= at <= len(items):
        raise layer.refuse(f"position {known[0]} is outside a sequence of {len(items)}", "the model is not valid")
    return [Sequence((*items[:at], item, *items[at:]))]


@layers("SequenceErase", accepts_any=True)
def sequence_erase(layer: Layer, op: Builder, sequence: Any, position: Value | None = None) -> Any:
    """SequenceErase(sequence, position): the sequence without an item, the last by default."""
    items = items_of(layer, sequence)
    at = len(items) - 1 if position is None else _index(layer, position, len(items))
    if at is None:
        raise layer.refuse("the position is computed at run time", "freeze it with --input")
    if not items:
        raise layer.refuse("the sequence is empty", "the model is not valid")
    return [Sequence(items[:at] + items[at + 1 :])]


@layers("SequenceAt", accepts_any=True)
def sequence_at(layer: Layer, op: Builder, sequence: Any, position: Value) -> Any:
    """SequenceAt(sequence, position): one item; by a position at run time where all items have one known shape."""
    items = items_of(layer, sequence)
    at = _index(layer, position, len(items))
    if at is not None:
        return [items[at]]
    shapes = {static_dims(v.shape) for v in items}
    if len(shapes) != 1 or None in shapes:
        raise layer.refuse(
            "the position is computed at run time, and the items have different or unknown shapes",
            "freeze it with --input",
        )
    stacked = op.Concat(*(op.Unsqueeze(v, op.constant([0])) for v in items), axis=0)
    return op.Gather(stacked, op.Reshape(position, op.constant([], i64)), op.constant(0, i64))


@layers("SequenceLength", accepts_any=True)
def sequence_length(layer: Layer, op: Builder, sequence: Any) -> Value:
    """SequenceLength(sequence): the number of items, an i64 scalar."""
    return op.constant(len(items_of(layer, sequence)), i64)


@layers("SplitToSequence")
def split_to_sequence(layer: Layer, op: Builder, x: Value, split: Value | None = None) -> Any:
    """SplitToSequence(input, split): pieces along an axis; of size 1 without split (no axis unless keepdims)."""
    axis = axis_of(layer, layer.get("axis", 0), rank_of(layer, x))
    keep, size = layer.get("keepdims", 1), known_dim(x, axis)
    sizes = None if split is None else layer.numbers(split)
    if split is not None and sizes is None:
        raise layer.refuse("the sizes are computed at run time", "freeze them with --input")
    if sizes is None or split is None or split.rank == 0:
        if size is None:
            raise layer.refuse(f"the size of axis {axis} is unknown", "fix it with --shape")
        step = sizes[0] if sizes else 1
        if step < 1:
            raise layer.refuse(f"pieces of size {step}", "the model is not valid")
        sizes = tuple(min(step, size - start) for start in range(0, size, step))
    if size is not None and sum(sizes) != size:
        raise layer.refuse(f"pieces of {list(sizes)} do not make up {size}", "the model is not valid")
    pieces = op.VariadicSplit(x, op.constant(axis, i64), op.constant(list(sizes), i64))
    pieces = pieces if isinstance(pieces, tuple) else (pieces,)
    if split is None and not keep:
        pieces = tuple(op.Squeeze(p, op.constant([axis])) for p in pieces)
    return [Sequence(pieces)]


@layers("ConcatFromSequence", accepts_any=True)
def concat_from_sequence(layer: Layer, op: Builder, sequence: Any) -> Value:
    """ConcatFromSequence(sequence): the items joined along an axis, a new one with new_axis."""
    items = items_of(layer, sequence)
    axis, new = layer.require("axis"), layer.get("new_axis", 0)
    if not items:
        raise layer.refuse("the sequence is empty", "the model is not valid")
    axis = axis_of(layer, axis, rank_of(layer, items[0]) + new)
    if new:
        items = Sequence(op.Unsqueeze(v, op.constant([axis])) for v in items)
    joined: Value = op.Concat(*items, axis=axis)
    return joined


@layers("SequenceMap", accepts_any=True)
def sequence_map(layer: Layer, op: Builder, sequence: Any, *more: Any) -> Any:
    """SequenceMap(sequence, more...): a body applied to every item; further sequences go along, tensors are shared."""
    items = items_of(layer, sequence)
    graph: Graph = layer.graph("body")
    if any(isinstance(v, Sequence) and len(v) != len(items) for v in more):
        raise layer.refuse("the sequences have different lengths", "the model is not valid")
    forget_names(graph)
    columns: list[list[Any]] = [[] for _ in graph.outputs]
    mark = len(layer.context.layers)
    for i, item in enumerate(items):
        given = [item, *(v[i] if isinstance(v, Sequence) else v for v in more)]
        found = layer.inline(graph, given, path_of(layer, str(i)))
        if any(v is POISON for v in found):
            return nothing(layer)
        if i:
            del layer.context.layers[mark:]
        mark = len(layer.context.layers)
        for column, value in zip(columns, found, strict=True):
            column.append(value)
    return [Sequence(column) for column in columns]


@layers("Optional", accepts_any=True)
def optional(layer: Layer, op: Builder, given: Any = None) -> Any:
    """Optional(input): an optional that holds the input, or nothing."""
    layer.ignore("type")
    return [Optional(() if given is None else (given,))]


@layers("OptionalHasElement", accepts_any=True)
def optional_has_element(layer: Layer, op: Builder, given: Any = None) -> Value:
    """OptionalHasElement(input): whether it holds something; tensors and sequences always do, a missing input never."""
    if isinstance(given, Optional):
        return op.constant(bool(given), boolean)
    return op.constant(given is not None, boolean)


@layers("OptionalGetElement", accepts_any=True)
def optional_get_element(layer: Layer, op: Builder, given: Any) -> Any:
    """OptionalGetElement(input): what it holds; tensors and sequences are passed through."""
    if not isinstance(given, Optional):
        return [given]
    if not given:
        raise layer.refuse("the optional is empty", "the model is not valid")
    return [given[0]]
