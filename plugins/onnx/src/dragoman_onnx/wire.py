"""The messages of ONNX by field number (onnx.proto of onnx 1.23; numbers are facts of the format)."""

from __future__ import annotations

from dragoman.protowire import Field, Schema


def _one(name: str, kind: str, schema: Schema | None = None) -> Field:
    return Field(name, kind, schema=schema)


def _many(name: str, kind: str, schema: Schema | None = None) -> Field:
    return Field(name, kind, repeated=True, schema=schema)


TENSOR = Schema("TensorProto")
SPARSE_TENSOR = Schema("SparseTensorProto")
TYPE = Schema("TypeProto")
GRAPH = Schema("GraphProto")
NODE = Schema("NodeProto")
ATTRIBUTE = Schema("AttributeProto")

STRING_ENTRY = Schema("StringStringEntryProto", {1: _one("key", "string"), 2: _one("value", "string")})
OPSET = Schema("OperatorSetIdProto", {1: _one("domain", "string"), 2: _one("version", "int")})
SEGMENT = Schema("TensorProto.Segment", {1: _one("begin", "int"), 2: _one("end", "int")})
TENSOR.define(
    {
        1: _many("dims", "int"),
        2: _one("data_type", "enum"),
        3: _one("segment", "message", SEGMENT),
        4: Field("float_data", "numbers", of="float"),
        5: Field("int32_data", "numbers", of="int"),
        6: _many("string_data", "bytes"),
        7: Field("int64_data", "numbers", of="int"),
        8: _one("name", "string"),
        9: _one("raw_data", "payload"),
        10: Field("double_data", "numbers", of="double"),
        11: Field("uint64_data", "numbers", of="uint"),
        12: _one("doc_string", "bytes"),
        13: _many("external_data", "message", STRING_ENTRY),
        14: _one("data_location", "enum"),
        16: _many("metadata_props", "message", STRING_ENTRY),
    }
)
SPARSE_TENSOR.define(
    {1: _one("values", "message", TENSOR), 2: _one("indices", "message", TENSOR), 3: _many("dims", "int")}
)

DIMENSION = Schema(
    "TensorShapeProto.Dimension",
    {1: _one("dim_value", "int"), 2: _one("dim_param", "string"), 3: _one("denotation", "string")},
)
SHAPE = Schema("TensorShapeProto", {1: _many("dim", "message", DIMENSION)})
TENSOR_TYPE = Schema("TypeProto.Tensor", {1: _one("elem_type", "enum"), 2: _one("shape", "message", SHAPE)})
ELEMENT_TYPE = Schema("TypeProto.Sequence", {1: _one("elem_type", "message", TYPE)})
MAP_TYPE = Schema("TypeProto.Map", {1: _one("key_type", "enum"), 2: _one("value_type", "message", TYPE)})
OPAQUE_TYPE = Schema("TypeProto.Opaque", {1: _one("domain", "string"), 2: _one("name", "string")})
TYPE.define(
    {
        1: _one("tensor_type", "message", TENSOR_TYPE),
        4: _one("sequence_type", "message", ELEMENT_TYPE),
        5: _one("map_type", "message", MAP_TYPE),
        6: _one("denotation", "string"),
        7: _one("opaque_type", "message", OPAQUE_TYPE),
        8: _one("sparse_tensor_type", "message", TENSOR_TYPE),
        9: _one("optional_type", "message", ELEMENT_TYPE),
    }
)
VALUE_INFO = Schema(
    "ValueInfoProto",
    {
        1: _one("name", "string"),
        2: _one("type", "message", TYPE),
        3: _one("doc_string", "bytes"),
        4: _many("metadata_props", "message", STRING_ENTRY),
    },
)
ATTRIBUTE.define(
    {
        1: _one("name", "string"),
        2: _one("f", "float"),
        3: _one("i", "int"),
        4: _one("s", "bytes"),
        5: _one("t", "message", TENSOR),
        6: _one("g", "message", GRAPH),
        7: _many("floats", "float"),
        8: _many("ints", "int"),
        9: _many("strings", "bytes"),
        10: _many("tensors", "message", TENSOR),
        11: _many("graphs", "message", GRAPH),
        13: _one("doc_string", "bytes"),
        14: _one("tp", "message", TYPE),
        15: _many("type_protos", "message", TYPE),
        20: _one("type", "enum"),
        21: _one("ref_attr_name", "string"),
        22: _one("sparse_tensor", "message", SPARSE_TENSOR),
        23: _many("sparse_tensors", "message", SPARSE_TENSOR),
    }
)
NODE.define(
    {
        1: _many("input", "string"),
        2: _many("output", "string"),
        3: _one("name", "string"),
        4: _one("op_type", "string"),
        5: _many("attribute", "message", ATTRIBUTE),
        6: _one("doc_string", "bytes"),
        7: _one("domain", "string"),
        8: _one("overload", "string"),
        9: _many("metadata_props", "message", STRING_ENTRY),
        10: _many("device_configurations", "bytes"),
    }
)
GRAPH.define(
    {
        1: _many("node", "message", NODE),
        2: _one("name", "string"),
        5: _many("initializer", "message", TENSOR),
        10: _one("doc_string", "bytes"),
        11: _many("input", "message", VALUE_INFO),
        12: _many("output", "message", VALUE_INFO),
        13: _many("value_info", "message", VALUE_INFO),
        14: _many("quantization_annotation", "bytes"),
        15: _many("sparse_initializer", "message", SPARSE_TENSOR),
        16: _many("metadata_props", "message", STRING_ENTRY),
    }
)
FUNCTION = Schema(
    "FunctionProto",
    {
        1: _one("name", "string"),
        4: _many("input", "string"),
        5: _many("output", "string"),
        6: _many("attribute", "string"),
        7: _many("node", "message", NODE),
        8: _one("doc_string", "bytes"),
        9: _many("opset_import", "message", OPSET),
        10: _one("domain", "string"),
        11: _many("attribute_proto", "message", ATTRIBUTE),
        12: _many("value_info", "message", VALUE_INFO),
        13: _one("overload", "string"),
        14: _many("metadata_props", "message", STRING_ENTRY),
    },
)
MODEL = Schema(
    "ModelProto",
    {
        1: _one("ir_version", "int"),
        2: _one("producer_name", "string"),
        3: _one("producer_version", "string"),
        4: _one("domain", "string"),
        5: _one("model_version", "int"),
        6: _one("doc_string", "bytes"),
        7: _one("graph", "message", GRAPH),
        8: _many("opset_import", "message", OPSET),
        14: _many("metadata_props", "message", STRING_ENTRY),
        20: _many("training_info", "bytes"),
        25: _many("functions", "message", FUNCTION),
        26: _many("configuration", "bytes"),
    },
)
