"""What the user says of a model's inputs and outputs, applied to the source graph: cut, freeze, shapes, batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dragoman.builder import as_tensor
from dragoman.errors import UsageError, did_you_mean
from dragoman.graph.graph import INPUT, Graph, Node, Origin, Value
from dragoman.graph.types import (
    DType,
    Interval,
    Shape,
    TensorType,
    f32,
    is_static,
    shape_text,
    static_dims,
)
from dragoman.infer.dims import merge
from dragoman.options import InputItem


def shape_model(graph: Graph, options: Mapping[str, Any]) -> None:
    """Apply ``inputs``, ``outputs``, ``shapes``, ``batch`` and ``static`` to a source graph, in place.

    Raises UsageError: D110 for a name the model does not have, D111 for shapes that contradict the model or each other,
    D112 for inputs whose shape must be given.
    """
    if options.get("outputs"):
        from dragoman.graph.cut import cut_outputs

        cut_outputs(graph, [_output(graph, text) for text in options["outputs"]])
    items: Sequence[InputItem] = options.get("inputs") or ()
    if items:
        _apply_inputs(graph, items)
    if options.get("shapes"):
        _apply_shapes(graph, options["shapes"])
    if options.get("batch"):
        _apply_batch(graph, options["batch"], options.get("layout") or {})
    if options.get("static"):
        _require_static(graph)


def _output(graph: Graph, text: str) -> Value:
    from dragoman.graph.cut import find_value

    found = find_value(graph, text)
    return found if isinstance(found, Value) else found[0].input(found[1])


def _apply_inputs(graph: Graph, items: Sequence[InputItem]) -> None:
    from dragoman.graph.cut import cut_input, find_value

    order: list[Value] = []
    for item in items:
        found = find_value(graph, item.name)
        place = found if isinstance(found, Value) else found[0].input(found[1])
        kind = item.kind or (place.dtype if not place.dtype.is_dynamic else f32)
        if item.value is not None:
            _freeze(graph, item, place, kind)
            continue
        shape = place.shape if isinstance(item.shape, bool) else item.shape
        if isinstance(found, Value) and found.producer.op == INPUT:
            found.type = TensorType(kind, _meet(item.name, found.shape, shape))
            order.append(found)
            continue
        if shape is None:
            raise UsageError(
                "D112",
                f"the shape of {item.name!r} is not known",
                "--input",
                f"give it: --input '{item.name}[1,3,?,?]'",
            )
        order.append(cut_input(graph, found, _new_input(found, TensorType(kind, shape))))
    rest = [v for v in graph.inputs if not any(v is o for o in order)]
    graph.inputs[:] = [*order, *rest]


def _new_input(found: Value | tuple[Node, int], kind: TensorType) -> Node:
    if isinstance(found, Value):
        producer, suffix = found.producer, f"/placeholder_out_port_{found.index}"
        names = found.names
    else:
        producer, suffix = found[0], f"/placeholder_port_{found[1]}"
        names = (f"{found[1]}:{producer.name}",)
    node = Node(INPUT, name=producer.name + suffix, attrs={})
    origin = producer.origin or Origin()
    node.origin = Origin(origin.framework, producer.name, "Input", origin.file, origin.position)
    node.out.type = kind
    node.out.names = names or (producer.name,)
    return node


def _freeze(graph: Graph, item: InputItem, place: Value, kind: DType) -> None:
    try:
        tensor = as_tensor(item.value, kind)
        if not isinstance(item.shape, bool):
            dims = static_dims(item.shape)
            if dims is None:
                raise ValueError(f"the shape {shape_text(item.shape)} is not static")
            tensor = as_tensor(item.value, kind, dims)
    except (ValueError, TypeError, OverflowError) as error:
        raise UsageError("D102", f"{item.name}: {error}", "--input NAME->VALUE") from None
    from dragoman.graph.cut import freeze

    freeze(place, tensor)


def _apply_shapes(graph: Graph, shapes: Mapping[str, Shape]) -> None:
    by_name = graph.inputs_by_name()
    for name, shape in shapes.items():
        if name:
            value = by_name.get(name)
            if value is None:
                raise UsageError("D110", f"there is no input {name!r}", "--shape", did_you_mean(name, list(by_name)))
        elif len(graph.inputs) != 1:
            names = ", ".join(v.label for v in graph.inputs)
            raise UsageError("D111", f"the model has {len(graph.inputs)} inputs ({names})", "--shape", "use NAME=SHAPE")
        else:
            value = graph.inputs[0]
        value.type = TensorType(value.dtype, _meet(name, value.shape, shape))


def _meet(name: str, model: Shape, given: Shape) -> Shape:
    """The user's shape: a fixed rank holds, a fixed dimension gives way, a symbol stays where the user says ``?``."""
    if model is None or given is None:
        return model if given is None else given
    if len(model) != len(given):
        raise UsageError(
            "D111",
            f"{name or 'the input'} has {len(model)} dimensions ({shape_text(model)}), not {len(given)}",
            "--shape",
        )
    out = []
    for own, new in zip(model, given, strict=True):
        if isinstance(own, int):
            out.append(new)
            continue
        met = merge(own, new)
        open_ended = isinstance(new, Interval) and new.lo == 0 and new.hi is None
        out.append(own if open_ended else new if met is None else met)
    return tuple(out)


def _apply_batch(graph: Graph, batch: int, layouts: Mapping[str, str]) -> None:
    for value in graph.inputs:
        if not value.shape:
            continue
        layout = next((layouts[n] for n in (*value.names, value.producer.name, "") if n in layouts), "")
        model_side = layout.split("->")[-1]
        axis = model_side.index("N") if "N" in model_side and "..." not in model_side else 0
        dims = list(value.shape)
        if axis < len(dims):
            dims[axis] = batch
            value.type = TensorType(value.dtype, tuple(dims))


def _require_static(graph: Graph) -> None:
    open_inputs = [v for v in graph.inputs if not is_static(v.shape)]
    if open_inputs:
        listed = ", ".join(f"{v.label}[{shape_text(v.shape)}]" for v in open_inputs)
        raise UsageError(
            "D112", f"--static needs every dimension: {listed}", "--static", "give them with --shape or --batch"
        )
