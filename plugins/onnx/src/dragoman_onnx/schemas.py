"""Facts that the ``onnx`` package's operator schemas hold; imported only when they are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dragoman.graph.graph import Graph, Node
from dragoman.graph.tensor import Tensor
from dragoman.graph.types import TensorType

_NO_DEFAULT: Any = object()


def find_schema(op: str, version: int) -> Any:
    """The ``OpSchema`` in force at an opset version, or None."""
    from onnx import defs

    domain, _, name = op.rpartition(":")
    try:
        return defs.get_schema(name, version, domain)
    except defs.SchemaError:
        return None


def attribute_default(op: str, version: int, name: str) -> Any:
    """The default of an attribute as Python; an object equal to nothing when there is none."""
    from onnx import helper

    schema = find_schema(op, version)
    if schema is None or name not in schema.attributes:
        return _NO_DEFAULT
    default = schema.attributes[name].default_value
    if not default.name:
        return _NO_DEFAULT
    return _plain(helper.get_attribute_value(default))


def function_attributes(schema: Any) -> dict[str, Any]:
    """The defaults of an operator's attributes, which its function body refers to."""
    from onnx import helper

    given = [(name, a.default_value) for name, a in schema.attributes.items()]
    return {name: _plain(helper.get_attribute_value(default)) for name, default in given if default.name}


def function_body(
    schema: Any,
    version: int,
    attributes: Mapping[str, Any],
    inputs: Sequence[TensorType | None],
    outputs: Sequence[bool],
) -> bytes | None:
    """The serialised FunctionProto of an operator in force at an opset version, or None.

    ``inputs`` are the types of a call's inputs (None: not connected), ``outputs`` tells which outputs are read.
    """
    # a body says for itself which opset its nodes are of: the newest that is not newer than the model's will do
    plain = max((v for v in schema.function_opset_versions if v <= version), default=None)
    if plain is not None:
        fixed: bytes = schema.get_function_with_opset_version(plain)
        return fixed
    made = max((v for v in schema.context_dependent_function_opset_versions if v <= version), default=None)
    if made is None:
        return None
    if any(isinstance(a, (Graph, list)) and _holds_graphs(a) for a in attributes.values()):
        return None
    node = _node_proto(schema, attributes, inputs, outputs)
    types = [_type_proto(t).SerializeToString() for t in inputs]
    body: bytes = schema.get_context_dependent_function_with_opset_version(made, node.SerializeToString(), types)
    return body or None


def layer_fault(node: Node, version: int, inputs: Sequence[TensorType | None]) -> str:
    """What ONNX itself has against a layer with inputs of these types: attributes, arity, element types and ranks.

    An empty string when there is nothing, or when it cannot be told (no schema, a layer with sub-graphs).
    """
    schema = find_schema(node.op, version)
    if schema is None:
        return _unlike_others(node.attrs)
    unknown = [name for name in node.attrs if name not in schema.attributes]
    if unknown:
        return f"{node.op} has no attribute {unknown[0]!r}"
    if raw := [name for name, value in node.attrs.items() if isinstance(value, bytes)]:
        return f"the text of the attribute {raw[0]!r} is not UTF-8"
    graphs = [name for name, value in node.attrs.items() if _holds_graphs(value)]
    wrong = [name for name in graphs if "GRAPH" not in str(schema.attributes[name].type)]
    if graphs:
        return f"the attribute {wrong[0]!r} is a graph" if wrong else ""
    from onnx import checker, helper, shape_inference

    context = checker.C.CheckerContext()
    context.ir_version = 13
    context.opset_imports = {schema.domain: version}
    try:
        proto = _node_proto(schema, node.attrs, inputs, [True] * len(node.outputs))
        checker.check_node(proto, context)
        types = {n: _type_proto(t) for n, t in zip(_names("input", len(inputs)), inputs, strict=True) if t is not None}
        imports = [helper.make_opsetid(schema.domain, version)]
        shape_inference.infer_node_outputs(schema, proto, types, opset_imports=imports)
    except (checker.ValidationError, shape_inference.InferenceError, RuntimeError, TypeError, ValueError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return lines[0] if lines else type(error).__name__
    return ""


def _unlike_others(attributes: Mapping[str, Any]) -> str:
    """For an operator without a schema: an attribute is of no kind that ONNX's attributes of that name have."""
    from onnx import AttributeProto, defs, helper

    kinds: dict[str, set[str]] = {}
    for schema in defs.get_all_schemas_with_history():
        for name, attribute in schema.attributes.items():
            kinds.setdefault(name, set()).add(attribute.type.name)
    for name, value in attributes.items():
        if name in kinds and not _holds_graphs(value) and value != []:
            try:
                kind = AttributeProto.AttributeType.Name(helper.make_attribute(name, _proto(value)).type)
            except (TypeError, ValueError):  # a list of tensors or types
                kind = "TENSORS"
            if kind not in kinds[name]:
                return f"the attribute {name!r} is of the kind {kind}; it has {' or '.join(sorted(kinds[name]))}"
    return ""


def _node_proto(
    schema: Any, attributes: Mapping[str, Any], inputs: Sequence[TensorType | None], outputs: Sequence[bool]
) -> Any:
    """A NodeProto for a layer, its tensors named by their places."""
    from onnx import helper

    return helper.make_node(
        schema.name,
        [i if t is not None else "" for i, t in zip(_names("input", len(inputs)), inputs, strict=True)],
        [o if wanted else "" for o, wanted in zip(_names("output", len(outputs)), outputs, strict=True)],
        domain=schema.domain,
        **{name: _proto(value) for name, value in attributes.items()},
    )


def _plain(value: Any) -> Any:
    """An attribute's value as the reader gives it."""
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value.decode() if isinstance(value, bytes) else value


def _holds_graphs(value: Any) -> bool:
    return any(isinstance(v, Graph) for v in (value if isinstance(value, list) else [value]))


def _names(kind: str, count: int) -> list[str]:
    return [f"{kind}_{i}" for i in range(count)]


def _proto(value: Any) -> Any:
    if isinstance(value, Tensor):
        from onnx import numpy_helper

        return numpy_helper.from_array(value.numpy())
    return value


def _type_proto(kind: TensorType | None) -> Any:
    """A TypeProto; empty for an input that is not connected."""
    import onnx
    from onnx import helper

    from dragoman_onnx.elements import CODES

    if kind is None or kind.dtype not in CODES:
        return onnx.TypeProto()
    shape = None if kind.shape is None else [d if isinstance(d, int) else None for d in kind.shape]
    return helper.make_tensor_type_proto(CODES[kind.dtype], shape)
