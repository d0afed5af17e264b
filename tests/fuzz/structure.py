"""Mutations of models that stay well-formed protobuf: they get past the reader, into extractors and inference."""

from __future__ import annotations

import random

from onnx import AttributeProto, ModelProto, defs

NUMBERS = (0, 1, 2, 3, -1, -2, 7, 100, 2**31, -(2**31), 2**40, 2**62, -(2**63))
OPS = sorted({s.name for s in defs.get_all_schemas() if s.domain == ""})


def mutate_model(data: bytes, rng: random.Random) -> bytes:
    """One to three structural edits of a serialised model."""
    model = ModelProto.FromString(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        rng.choice(EDITS)(model, rng)
    return model.SerializeToString()


def _node(model: ModelProto, rng: random.Random):
    return rng.choice(model.graph.node) if model.graph.node else None


def change_attribute(model: ModelProto, rng: random.Random) -> None:
    node = _node(model, rng)
    if node is None or not node.attribute:
        return
    a = rng.choice(node.attribute)
    if a.type == AttributeProto.INT:
        a.i = rng.choice(NUMBERS)
    elif a.type == AttributeProto.INTS:
        values = list(a.ints)
        edit = rng.randrange(3)
        if edit == 0 and values:
            values[rng.randrange(len(values))] = rng.choice(NUMBERS)
        elif edit == 1:
            values.append(rng.choice(NUMBERS))
        elif values:
            values.pop()
        a.ints[:] = values
    elif a.type == AttributeProto.FLOAT:
        a.f = rng.choice((0.0, -1.0, float("nan"), float("inf"), 1e30))
    elif rng.random() < 0.5:
        a.name = rng.choice(("axis", "mode", "to", "value", "x"))
    else:
        a.type = rng.randrange(0, 15)


def drop_attribute(model: ModelProto, rng: random.Random) -> None:
    node = _node(model, rng)
    if node is not None and node.attribute:
        del node.attribute[rng.randrange(len(node.attribute))]


def change_op(model: ModelProto, rng: random.Random) -> None:
    node = _node(model, rng)
    if node is not None:
        node.op_type = rng.choice(OPS)


def change_inputs(model: ModelProto, rng: random.Random) -> None:
    node = _node(model, rng)
    if node is None:
        return
    names = [o for n in model.graph.node for o in n.output] + [i.name for i in model.graph.initializer] + ["x", ""]
    edit = rng.randrange(3)
    if edit == 0 and node.input:
        node.input[rng.randrange(len(node.input))] = rng.choice(names)
    elif edit == 1:
        node.input.append(rng.choice(names))
    elif node.input:
        del node.input[-1]


def change_outputs(model: ModelProto, rng: random.Random) -> None:
    node = _node(model, rng)
    if node is None:
        return
    if rng.random() < 0.5 and len(node.output) > 1:
        del node.output[-1]
    else:
        node.output.append(f"extra{rng.randrange(3)}")


def change_shape(model: ModelProto, rng: random.Random) -> None:
    port = rng.choice(model.graph.input)
    shape = port.type.tensor_type.shape
    edit = rng.randrange(3)
    if edit == 0:
        shape.dim.add().dim_value = rng.choice(NUMBERS)
    elif edit == 1 and shape.dim:
        shape.dim[rng.randrange(len(shape.dim))].dim_value = rng.choice(NUMBERS)
    else:
        port.type.tensor_type.ClearField("shape")


def change_type(model: ModelProto, rng: random.Random) -> None:
    rng.choice(model.graph.input).type.tensor_type.elem_type = rng.randrange(0, 30)


def change_weight(model: ModelProto, rng: random.Random) -> None:
    if not model.graph.initializer:
        return
    tensor = rng.choice(model.graph.initializer)
    edit = rng.randrange(4)
    if edit == 0:
        tensor.data_type = rng.randrange(0, 30)
    elif edit == 1 and tensor.dims:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(NUMBERS)
    elif edit == 2 and len(tensor.dims) >= 2:
        tensor.dims[:] = tensor.dims[::-1]
    elif tensor.raw_data:
        raw = bytearray(tensor.raw_data)
        raw[rng.randrange(len(raw))] = rng.randrange(256)
        tensor.raw_data = bytes(raw)


def change_opset(model: ModelProto, rng: random.Random) -> None:
    model.opset_import[0].version = rng.choice((1, 5, 7, 9, 10, 11, 13, 18, 21, 23, 28, 29, 0, -1))


EDITS = (
    change_attribute, change_attribute, drop_attribute, change_op, change_op, change_inputs, change_inputs,
    change_outputs, change_shape, change_type, change_weight, change_opset,
)  # fmt: skip
