"""Layout, channel order, mean and scale, put between the target graph's inputs and their readers.

In this order: Transpose (caller's layout to the model's), reversal of channels, subtraction of mean values or of a mean
image, division by the scale. Mean and scale are in the model's own channel order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.builder import Builder
from dragoman.errors import UsageError, did_you_mean
from dragoman.graph.graph import Graph, Node, Value
from dragoman.graph.types import TensorType
from dragoman.mean_image import FLAG, MeanImage
from dragoman.ops.define import OpRegistry


def preprocess(graph: Graph, options: Mapping[str, Any], ops: OpRegistry, mean_image: MeanImage | None = None) -> None:
    """Apply ``layout``, ``reverse_input_channels``, ``mean_values``, ``scale_values`` and a mean image to a graph.

    Raises UsageError: D110 for an input the model does not have, D120 when the channel dimension cannot be told or does
    not fit.
    """
    layouts = _by_input(graph, options.get("layout") or {}, "--layout")
    means = _by_input(graph, options.get("mean_values") or {}, "--mean-values")
    scales = _by_input(graph, options.get("scale_values") or {}, "--scale-values")
    if mean_image is not None:
        if means:
            raise UsageError("D120", "there are mean values and a mean image", FLAG, "give one of them")
        means = {id(mean_image.input_of(graph)): mean_image}
    reverse = bool(options.get("reverse_input_channels"))
    reversed_any = False
    for value in list(graph.inputs):
        layout = layouts.get(id(value), "")
        caller, _, model = layout.partition("->")
        model = model or caller
        mean, scale = means.get(id(value)), scales.get(id(value))
        reversible = reverse and _channel_axis(value, model, 3) is not None
        reversed_any |= reversible
        if model:
            _check_layout(value, caller)
        if not (mean or scale or reversible or caller != model):
            if caller:
                value.producer.info["layout"] = {"version": "0", "layout": _layout_text(caller)}
            continue
        _Chain(graph, value, ops).build(caller, model, reversible, mean, scale)
        if caller:
            value.producer.info["layout"] = {"version": "0", "layout": _layout_text(caller)}
    if reverse and not reversed_any:
        raise UsageError(
            "D120",
            "no input has a channel dimension of size 3",
            "--reverse-input-channels",
            "name it: --layout NAME(nchw)",
        )


def _by_input(graph: Graph, given: Mapping[str, Any], flag: str) -> dict[int, Any]:
    named = graph.inputs_by_name()
    out: dict[int, Any] = {}
    for name, setting in given.items():
        if not name and len(graph.inputs) != 1:
            raise UsageError("D111", f"the model has {len(graph.inputs)} inputs", flag, "use NAME[...]")
        value = named.get(name) if name else graph.inputs[0]
        if value is None:
            raise UsageError("D110", f"there is no input {name!r}", flag, did_you_mean(name, list(named)))
        out[id(value)] = setting
    return out


def _layout_text(layout: str) -> str:
    """``[N,C,H,W]``, as ``ov::Layout`` prints it."""
    parts = layout.replace("...", ".")
    return "[" + ",".join("..." if c == "." else c for c in parts) + "]"


def _check_layout(value: Value, layout: str) -> None:
    if "..." not in layout and value.shape is not None and len(layout) != len(value.shape):
        raise UsageError(
            "D120", f"{value.label} has {len(value.shape)} dimensions, the layout {layout} {len(layout)}", "--layout"
        )


def _channel_axis(value: Value, layout: str, channels: int) -> int | None:
    """The channel dimension: C of the layout; else the only one of size ``channels`` among 1 and the last."""
    shape = value.shape
    if "C" in layout and "..." not in layout:
        return layout.index("C")
    if shape is None or len(shape) < 2:
        return None
    fitting = [a for a in dict.fromkeys((1, len(shape) - 1)) if shape[a] == channels]
    if len(shape) == 3 and not fitting and shape[0] == channels:
        return 0
    return fitting[0] if len(fitting) == 1 else None


class _Chain:
    """Builds the steps of one input and lets its former readers read the last."""

    def __init__(self, graph: Graph, value: Value, ops: OpRegistry) -> None:
        self.graph = graph
        self.value = value
        self.readers = list(value.uses)
        self.outputs = [i for i, v in enumerate(graph.outputs) if v is value]
        first: Node | None = next(iter(graph_after(graph, value.producer)), None)
        self.op = Builder(graph, ops, before=first, origin=value.producer.origin, scope=value.producer.name)

    def build(
        self,
        caller: str,
        model: str,
        reverse: bool,
        mean: tuple[float, ...] | MeanImage | None,
        scale: tuple[float, ...] | None,
    ) -> None:
        parameter, model_type = self.value.producer, self.value.type
        x: Value = self.value
        if caller != model:
            order = [caller.index(letter) for letter in model]
            shape = model_type.shape
            if shape is not None:
                shape = tuple(shape[model.index(letter)] for letter in caller)
            self.value.type = TensorType(model_type.dtype, shape)
            parameter.attrs = parameter.attrs.replace(shape=shape)
            x = self.op.Transpose(x, self.op.constant(order))
        if reverse:
            axis = _channel_axis_of(x, model, 3, "--reverse-input-channels")
            x = self.op.Gather(x, self.op.constant([2, 1, 0]), self.op.constant(axis))
        if isinstance(mean, MeanImage):
            x = self.op.Subtract(x, self.op.constant(mean.cropped(x, model), x.dtype))
        elif mean:
            x = self.op.Subtract(x, self._per_channel(x, model, mean, "--mean-values"))
        if scale:
            if any(s == 0 for s in scale):
                raise UsageError("D120", "a scale value is 0", "--scale-values")
            x = self.op.Divide(x, self._per_channel(x, model, scale, "--scale-values"))
        for node, slot in self.readers:
            node.set_input(slot, x)
        if self.outputs:
            self._move_outputs(x)

    def _move_outputs(self, x: Value) -> None:
        """Outputs that were the input itself are now the last step, which takes their names from the input."""
        graph, label = self.graph, self.value.label
        graph.fix_output_names()
        for k in self.outputs:
            names = tuple(n for n in graph.output_names[k] if n != label)
            graph.output_names[k] = names or (x.producer.name,)
            self.value.names = tuple(n for n in self.value.names if n not in names)
        graph.outputs = [x if k in self.outputs else v for k, v in enumerate(graph.outputs)]

    def _per_channel(self, x: Value, layout: str, numbers: tuple[float, ...], flag: str) -> Value:
        if not x.dtype.is_float:
            raise UsageError(
                "D120", f"{self.value.label} has the type {x.dtype}; mean and scale need a float input", flag
            )
        rank = x.rank
        if len(numbers) == 1:
            return self.op.constant([numbers[0]] if rank is None else numbers[0], x.dtype)
        axis = _channel_axis_of(x, layout, len(numbers), flag)
        assert rank is not None
        shape = [len(numbers) if a == axis else 1 for a in range(rank)]
        return self.op.constant(list(numbers), x.dtype, shape=shape)


def _channel_axis_of(x: Value, layout: str, channels: int, flag: str) -> int:
    axis = _channel_axis(x, layout, channels)
    if axis is None or x.shape is None or axis >= len(x.shape):
        raise UsageError(
            "D120", f"{x.type!r} has no one dimension of {channels} channels", flag, "say which: --layout NAME(nchw)"
        )
    dim = x.shape[axis]
    if isinstance(dim, int) and dim != channels:
        raise UsageError("D120", f"dimension {axis} has {dim} channels, {channels} values are given", flag)
    return axis


def graph_after(graph: Graph, node: Node) -> list[Node]:
    """The node that follows in the order, if any."""
    found = node.next
    return [found] if found.graph is graph else []
