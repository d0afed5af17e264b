"""Mutations of models that stay well-formed protobuf: they get past the reader, into extractors and inference."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TypeProto, ValueInfoProto, defs, helper

from tests.fuzz import constants

NUMBERS = (0, 1, 2, 3, 4, -1, -2, -3, 7, 100, 65537, 2**31 - 1, 2**31, -(2**31), 2**40, 2**62, 2**63 - 1, -(2**63))
FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-30, 1e30, float("nan"), float("inf"), float("-inf"))
WORDS = (
    "", "nearest", "linear", "cubic", "SAME_UPPER", "VALID", "NOTSET", "reflect", "edge", "wrap", "mean", "none", "add",
    "mul", "tanh", "reverse", "bidirectional", "constant", "ij,jk->ik", "i" * 30 + "->i", "...->", "(a*)*b", "\0", "é",
)  # fmt: skip
MICROSOFT = (
    "Attention", "BiasAdd", "BiasGelu", "BiasSplitGelu", "DequantizeLinear", "DynamicQuantizeMatMul",
    "EmbedLayerNormalization", "FastGelu", "FusedConv", "FusedGemm", "FusedMatMul", "Gelu", "GroupNorm",
    "GroupQueryAttention", "Inverse", "LayerNormalization", "MatMulInteger16", "MatMulIntegerToFloat", "MatMulNBits",
    "MultiHeadAttention", "NhwcConv", "NhwcMaxPool", "Pad", "QAttention", "QLinearAdd", "QLinearAveragePool",
    "QLinearConcat", "QLinearGlobalAveragePool", "QLinearMul", "QLinearSigmoid", "QLinearSoftmax", "QuantizeLinear",
    "QuickGelu", "Range", "RotaryEmbedding", "SimplifiedLayerNormalization", "SkipLayerNormalization", "Trilu",
)  # fmt: skip
OPS = (
    *sorted({("", s.name) for s in defs.get_all_schemas() if s.domain == ""}),
    *sorted({("ai.onnx.ml", s.name) for s in defs.get_all_schemas() if s.domain == "ai.onnx.ml"}),
    *(("com.microsoft", name) for name in MICROSOFT),
)
ATTRIBUTES = tuple(sorted({a for s in defs.get_all_schemas_with_history() for a in s.attributes}))


def mutate_model(data: bytes, rng: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """One to four structural edits of a serialised model; ``others`` lend nodes."""
    model = ModelProto.FromString(data)
    for _ in range(rng.choice((1, 1, 2, 3, 4))):
        if others and rng.random() < 0.05:
            graft(model, ModelProto.FromString(rng.choice(others)), rng)
        else:
            rng.choice(EDITS)(model, rng)
    return model.SerializeToString()


def graphs(model: ModelProto) -> Iterator[GraphProto]:
    """The graph and all graphs inside it."""
    waiting = [model.graph]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            waiting += [a.g for a in node.attribute if a.HasField("g")]


def _node(model: ModelProto, rng: random.Random) -> NodeProto | None:
    nodes = [n for g in graphs(model) for n in g.node] + [n for f in model.functions for n in f.node]
    return rng.choice(nodes) if nodes else None


def _tensor(model: ModelProto, rng: random.Random) -> TensorProto | None:
    held = [t for g in graphs(model) for t in g.initializer]
    held += [a.t for g in graphs(model) for n in g.node for a in n.attribute if a.HasField("t")]
    return rng.choice(held) if held else None


def _port(model: ModelProto, rng: random.Random) -> ValueInfoProto | None:
    ports = [p for g in graphs(model) for p in (*g.input, *g.input, *g.value_info, *g.output)]
    return rng.choice(ports) if ports else None


def change_attribute(model: ModelProto, rng: random.Random) -> None:
    node = _node(model, rng)
    if node is None or not node.attribute:
        return
    a = rng.choice(node.attribute)
    if a.type == AttributeProto.INT:
        a.i = rng.choice(NUMBERS)
    elif a.type in (AttributeProto.INTS, AttributeProto.FLOATS):
        field = a.ints if a.type == AttributeProto.INTS else a.floats
        _change_list(field, NUMBERS if a.type == AttributeProto.INTS else FLOATS, rng)
    elif a.type == AttributeProto.FLOAT:
        a.f = rng.choice(FLOATS)
    elif a.type == AttributeProto.STRING:
        a.s = rng.choice(WORDS).encode() if rng.random() < 0.9 else b"\xff\xfe"
    elif rng.random() < 0.5:
        a.name = rng.choice(ATTRIBUTES)
    else:
        a.type = rng.randrange(0, 15)


def _change_list(field, pool: tuple, rng: random.Random) -> None:
    values = list(field)
    edit = rng.randrange(5)
    if edit == 0 and values:
        values[rng.randrange(len(values))] = rng.choice(pool)
    elif edit == 1:
        values.append(rng.choice(pool))
    elif edit == 2:
        values = []
    elif edit == 3:
        values = values * rng.choice((2, 50))
    elif values:
        values.pop()
    field[:] = values


def drop_attribute(model: ModelProto, rng: random.Random) -> None:
    node = _node(model, rng)
    if node is not None and node.attribute:
        del node.attribute[rng.randrange(len(node.attribute))]


def add_attribute(model: ModelProto, rng: random.Random) -> None:
    """Of any operator's name and any kind; sometimes a second one of the same name."""
    node = _node(model, rng)
    if node is None:
        return
    own = [a.name for a in node.attribute]
    name = rng.choice(own) if own and rng.random() < 0.1 else rng.choice(ATTRIBUTES)
    tensor = helper.make_tensor("t", TensorProto.INT64, [2], [1, rng.choice(NUMBERS)])
    graph = helper.make_graph([], "empty", [], [])
    value = rng.choice(
        (rng.choice(NUMBERS), rng.choice(FLOATS), rng.choice(WORDS), [rng.choice(NUMBERS)] * 2, [0.5, 2.0],
         ["a", "b"], tensor, graph, [tensor], [graph])
    )  # fmt: skip
    node.attribute.append(helper.make_attribute(name, value))


def retype_attribute(model: ModelProto, rng: random.Random) -> None:
    """The value stays in spirit, the kind changes: a number becomes a list, a list a number, a float an int."""
    node = _node(model, rng)
    if node is None or not node.attribute:
        return
    a = rng.choice(node.attribute)
    if a.type == AttributeProto.INT:
        value: object = rng.choice(([a.i], float(a.i), str(a.i)))
    elif a.type == AttributeProto.INTS:
        value = rng.choice((a.ints[0] if a.ints else 0, [float(i) for i in a.ints] or [0.5], "1,2"))
    elif a.type == AttributeProto.STRING:
        value = rng.choice((1, ["x"], 0.5))
    elif a.type == AttributeProto.FLOAT:
        value = rng.choice(([a.f], 1, "x"))
    else:
        value = 1
    name = a.name
    a.Clear()
    a.CopyFrom(helper.make_attribute(name, value))


def change_op(model: ModelProto, rng: random.Random) -> None:
    node = _node(model, rng)
    if node is not None:
        node.domain, node.op_type = rng.choice(OPS)
        if node.domain and all(o.domain != node.domain for o in model.opset_import):
            model.opset_import.append(helper.make_opsetid(node.domain, rng.choice((1, 3))))


def change_inputs(model: ModelProto, rng: random.Random) -> None:
    node = _node(model, rng)
    if node is None:
        return
    names = [o for n in model.graph.node for o in n.output]
    names += [i.name for i in (*model.graph.initializer, *model.graph.input)] + [""]
    edit = rng.randrange(4)
    if edit == 0 and node.input:
        node.input[rng.randrange(len(node.input))] = rng.choice(names)
    elif edit == 1:
        node.input.append(rng.choice(names))
    elif edit == 2 and len(node.input) > 1:
        names = list(node.input)
        rng.shuffle(names)
        node.input[:] = names
    elif node.input:
        del node.input[-1]


def change_outputs(model: ModelProto, rng: random.Random) -> None:
    node = _node(model, rng)
    if node is None:
        return
    edit = rng.randrange(4)
    if edit == 0 and node.output:
        del node.output[-1]
    elif edit == 1 and node.output:
        node.output[rng.randrange(len(node.output))] = ""
    elif edit == 2:
        node.output.append(f"extra{rng.randrange(3)}")
    else:
        names = [o for n in model.graph.node for o in n.output if o] or ["x"]
        model.graph.output.append(ValueInfoProto(name=rng.choice(names)))


def change_shape(model: ModelProto, rng: random.Random) -> None:
    port = _port(model, rng)
    if port is None or not port.type.HasField("tensor_type"):
        return
    shape = port.type.tensor_type.shape
    edit = rng.randrange(6)
    if edit == 0:
        shape.dim.add().dim_value = rng.choice(NUMBERS)
    elif edit == 1 and shape.dim:
        shape.dim[rng.randrange(len(shape.dim))].dim_value = rng.choice(NUMBERS)
    elif edit == 2 and shape.dim:
        shape.dim[rng.randrange(len(shape.dim))].dim_param = rng.choice("nm")
    elif edit == 3 and shape.dim:
        del shape.dim[-1]
    elif edit == 4:
        for dim in shape.dim:
            dim.Clear()
    else:
        port.type.tensor_type.ClearField("shape")


def change_type(model: ModelProto, rng: random.Random) -> None:
    port = _port(model, rng)
    if port is None:
        return
    if rng.random() < 0.9:
        port.type.tensor_type.elem_type = rng.randrange(0, 30) if rng.random() < 0.5 else rng.choice((1, 6, 7, 8, 9))
        return
    inner = TypeProto()
    inner.CopyFrom(port.type)
    port.type.Clear()
    (port.type.sequence_type if rng.random() < 0.5 else port.type.optional_type).elem_type.CopyFrom(inner)


def change_weight(model: ModelProto, rng: random.Random) -> None:
    tensor = _tensor(model, rng)
    if tensor is None:
        return
    if rng.random() < 0.8:
        constants.change_numbers(tensor, rng)
    else:
        constants.break_tensor(tensor, rng)


def freeze_input(model: ModelProto, rng: random.Random) -> None:
    """A graph input becomes a constant of its type, or nearly."""
    if not model.graph.input:
        return
    index = rng.randrange(len(model.graph.input))
    tensor = constants.constant_for(model.graph.input[index], rng)
    if tensor is not None:
        del model.graph.input[index]
        model.graph.initializer.append(tensor)


def free_constant(model: ModelProto, rng: random.Random) -> None:
    """A constant becomes a graph input, its shape known, unknown or partly known."""
    held = model.graph.initializer
    if not held:
        return
    index = rng.randrange(len(held))
    tensor = held[index]
    shape = rng.choice((list(tensor.dims), None, [None] * len(tensor.dims)))
    model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, shape))
    del held[index]


def repeat_node(model: ModelProto, rng: random.Random) -> None:
    """A copy of a node, with outputs of its own, reads what the first made."""
    graph = model.graph
    if not graph.node:
        return
    first = rng.choice(graph.node)
    copy = graph.node.add()
    copy.CopyFrom(first)
    copy.output[:] = [f"{o}_again" if o else "" for o in first.output]
    if first.output and copy.input:
        copy.input[0] = first.output[0]
    graph.output.extend(ValueInfoProto(name=o) for o in copy.output[:1] if o)


def graft(model: ModelProto, other: ModelProto, rng: random.Random) -> None:
    """A node of another model, fed with what there is here."""
    if not other.graph.node:
        return
    names = [o for n in model.graph.node for o in n.output if o] + [i.name for i in model.graph.input]
    node = model.graph.node.add()
    node.CopyFrom(rng.choice(other.graph.node))
    node.input[:] = [rng.choice(names) if i and names else "" for i in node.input]
    node.output[:] = [f"grafted_{o}" if o else "" for o in node.output]
    model.graph.output.extend(ValueInfoProto(name=o) for o in node.output if o)


def change_opset(model: ModelProto, rng: random.Random) -> None:
    if model.opset_import:
        model.opset_import[0].version = rng.choice((1, 5, 6, 7, 9, 10, 11, 12, 13, 15, 17, 18, 21, 23, 28, 29, 0, -1))


EDITS = (
    change_attribute, change_attribute, change_attribute, drop_attribute, add_attribute, retype_attribute, change_op,
    change_inputs, change_inputs, change_outputs, change_shape, change_shape, change_type, change_weight, change_weight,
    change_weight, freeze_input, freeze_input, free_constant, repeat_node, change_opset,
)  # fmt: skip
