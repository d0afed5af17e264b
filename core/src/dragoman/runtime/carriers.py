"""What the CPU plugin can read of an op in Python.

OpenVINO's CPU plugin (2026.4.1) computes in few types, and turns every op into them when it compiles: i64 becomes i32,
f16 f32, boolean u8, and so on. The outputs of an op in Python stay what they are declared, so that a reader finds i64
beside a constant of i32 and is refused, or takes the bytes for another type and gives wrong numbers. An op that
others read therefore gives the plugin's own type, and a Convert behind it the declared one. An output that only the
model gives out needs neither, and keeps all its bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dragoman.graph.types import (
    DType,
    bf16,
    boolean,
    f8e4m3,
    f8e5m2,
    f8e8m0,
    f16,
    f32,
    f64,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
)
from dragoman.lazy import np
from dragoman.runtime.tensors import import_openvino
from dragoman.runtime.wrapper import PythonOp

_CARRIERS: dict[DType, DType] = {
    **dict.fromkeys((f64, f16, bf16, f8e4m3, f8e5m2, f8e8m0), f32),
    **dict.fromkeys((i64, u64, u32, i16, u16), i32),
    boolean: u8,
}


def carrier(kind: DType) -> DType:
    """The type that the CPU plugin computes with in its place."""
    return _CARRIERS.get(kind, kind)


def carry(model: Any) -> None:
    """Let the ops in Python of an ``openvino.Model`` and its bodies give what others can read; once is enough."""
    for inner, outer in ((model, False), *((body, True) for body in _bodies(model))):
        for node in inner.get_ops():
            if isinstance(node, PythonOp):
                _carry_op(node, outer)


def _bodies(model: Any) -> Iterator[Any]:
    for node in model.get_ops():
        count = {"If": 2, "Loop": 1, "TensorIterator": 1}.get(node.get_type_name(), 0)
        for body in [node.get_function(i) if count > 1 else node.get_function() for i in range(count)]:
            yield body
            yield from _bodies(body)


def _carry_op(node: Any, inside: bool) -> None:
    state = node.state
    kinds = {
        index: carrier(kind.dtype)
        for index, kind in enumerate(node.types)
        if index not in state.carriers
        and carrier(kind.dtype) is not kind.dtype
        and _is_read(node.output(index), inside)
    }
    if not kinds:
        return
    targets = {index: node.output(index).get_target_inputs() for index in kinds}
    state.carry(kinds)
    node.validate_and_infer_types()
    for index, readers in targets.items():
        _restore(node.output(index), node.types[index].dtype, readers)


def _restore(output: Any, kind: DType, readers: set[Any]) -> None:
    """Give the readers the declared type; those outside of the model by a layer of their own, with the names."""
    name = f"{output.get_node().get_friendly_name()}/{kind}_{output.get_index()}"
    given_out = {r for r in readers if r.get_node().get_type_name() == "Result"}
    names = output.get_names()
    output.set_names(set())
    for group, suffix in ((given_out, "_out"), (readers - given_out, "")):
        if group:
            restored = _restored(output, kind)
            restored.set_friendly_name(name + suffix)
            if group is given_out or not given_out:
                restored.output(0).set_names(names)
            for target in group:
                target.replace_source_output(restored.output(0))


def _is_read(output: Any, inside: bool) -> bool:
    """By something that computes in the plugin's types."""
    readers = [target.get_node() for target in output.get_target_inputs()]
    return any(inside or r.get_type_name() != "Result" for r in readers)


def _restored(output: Any, kind: DType) -> Any:
    """The value in its declared type."""
    from openvino import opset13 as ops

    if kind is boolean:  # no Convert: of an op with strings among its outputs the plugin cannot make one
        return ops.not_equal(output, ops.constant(np.zeros((), np.uint8)))
    return ops.convert(output, kind.name)


def knowing_core(extensions: list[type]) -> Any:
    """An ``openvino.Core`` that knows ops, and reads models as :func:`carry` leaves them."""
    ov = import_openvino()

    class Core(ov.Core):  # type: ignore[misc, name-defined]
        """A runtime core that knows the ops of plugins."""

        def read_model(self, *model: Any, **options: Any) -> Any:
            read = super().read_model(*model, **options)
            carry(read)
            return read

        def compile_model(
            self, model: Any, device_name: str | None = None, config: Any = None, *, weights: Any = None
        ) -> Any:
            if not isinstance(model, ov.Model):
                # the runtime's own copy of weights: shared ones would have to outlive the model
                held = () if weights is None else (ov.Tensor(np.frombuffer(weights, np.uint8)),)
                model = self.read_model(model, *held)
            return super().compile_model(model, device_name, config)

    made = Core()
    for extension in extensions:
        made.add_extension(extension)
    return made
