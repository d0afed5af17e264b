"""Caffe's message definitions: the built-in table, .proto texts, and both together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dragoman.errors import SourceError
from dragoman_caffe.definitions import Definitions, FieldDef, built_in, parse_proto
from dragoman_caffe.proto import generate
from dragoman_caffe.text import Entry, Scalar, Text, parse

SWISH = """
message Swish6Parameter { optional float beta = 1 [default = 1.0]; }
message LayerParameter { optional Swish6Parameter swish6_param = 1471; }
"""
WIRE = {0: {"int", "uint", "bool", "enum"}, 1: {"double"}, 2: {"string", "bytes", "message"}, 5: {"float"}}


# -- the built-in table


def test_the_table_is_generated_from_the_proto():
    assert generate.table(generate.source()) == (generate.FOLDER / "fields.py").read_text(encoding="utf-8")


def test_the_table_says_what_the_proto_says():
    source, table = generate.source(), built_in()
    assert {name: dict(table.messages[name]) for name in table.messages} == source.messages
    assert {name: dict(table.enums[name]) for name in table.enums} == source.enums


def test_every_type_of_a_field_is_defined():
    table = built_in()
    for message, fields in table.messages.items():
        for field in fields.values():
            types = {"message": table.messages, "enum": table.enums}.get(field.kind, {"": None})
            assert field.type in types, f"{message}.{field.name}"


@pytest.mark.parametrize(
    "path, value",
    [
        ("pooling_param.pool", "MAX"),
        ("pooling_param.round_mode", "CEIL"),
        ("convolution_param.group", 1),
        ("convolution_param.kernel_size", []),
        ("convolution_param.kernel_h", 0),
        ("batch_norm_param.eps", 1e-5),
        ("batch_norm_param.use_global_stats", False),
        ("convolution_param.weight_filler.type", "constant"),
        ("detection_output_param.code_type", "CORNER"),
        ("python_param.param_str", ""),
        ("phase", "TRAIN"),
        ("convolution_param", None),
        ("convolution_param.nothing", None),
        ("nothing.group", None),
        ("name.group", None),
    ],
)
def test_an_absent_field_has_the_protos_default_or_zero(path, value):
    assert built_in().default("LayerParameter", path) == value


def test_an_unknown_message_has_no_fields():
    assert built_in().field("NothingParameter", "group") is None


# -- real Caffe


def field_names(entries: list[Entry], message: str, table: Definitions) -> Iterator[str]:
    """The fields of a text that the table does not have."""
    for entry in entries:
        field = table.field(message, entry.name)
        if field is None:
            yield f"{message}.{entry.name}"
        elif not isinstance(entry.value, Scalar):
            yield from field_names(entry.value, field.type, table)


def test_every_field_of_real_nets_is_known(shared: Path):
    unknown: dict[str, list[str]] = {}
    for path in sorted((shared / "fixtures" / "caffe").glob("*/deploy.prototxt")):
        if not path.parent.name.startswith("custom_"):
            text = Text(path.read_text(encoding="utf-8"), path.name)
            unknown[path.parent.name] = list(field_names(parse(text), "NetParameter", built_in()))
    assert len(unknown) > 100
    assert not {name: fields for name, fields in unknown.items() if fields}


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 0x80:
            return value, at


def undefined(data: bytes, message: str, table: Definitions) -> Iterator[str]:
    """The fields of a binary message whose number and wire type fit no field of the table."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 2:
            size, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(wire) or varint(data, at)[1] - at
        part, at = data[at : at + size], at + size
        fields = [
            field
            for field in table.messages[message].values()
            if field.number == number and (field.kind in WIRE[wire] or (wire == 2 and field.repeated))
        ]
        if not fields:
            yield f"{message} {number} (wire type {wire})"
        elif fields[0].kind == "message":
            yield from undefined(part, fields[0].type, table)


def test_numbers_and_kinds_are_those_of_files_that_caffe_wrote(shared: Path):
    read = 0
    for path in sorted((shared / "fixtures" / "caffe").glob("*/model.caffemodel")):
        if path.stat().st_size < 200_000 and not path.parent.name.startswith("custom_"):
            read += 1
            assert list(undefined(path.read_bytes(), "NetParameter", built_in())) == [], path.parent.name
    assert read > 100


# -- .proto texts


def test_a_message_opened_again_gains_fields():
    table = built_in().extended([parse_proto(SWISH, "swish.proto")])
    assert table.field("LayerParameter", "swish6_param") == FieldDef(
        "swish6_param", "message", 1471, type="Swish6Parameter"
    )
    assert table.default("LayerParameter", "swish6_param.beta") == 1.0
    assert table.default("LayerParameter", "pooling_param.stride") == 1
    assert built_in().field("LayerParameter", "swish6_param") is None


def test_extend_is_the_same_as_opening_again():
    text = "extend caffe.LayerParameter { optional .caffe.FillerParameter first_param = 1; optional float second = 2; }"
    fields = parse_proto(text, "x").messages["LayerParameter"]
    assert fields["first_param"].type == "FillerParameter"
    assert fields["second"].kind == "float"


def test_all_that_a_proto_may_say_around_fields_is_skipped():
    text = """
    // a comment
    syntax = "proto3"; package caffe.more; import "caffe.proto";
    option (an.option) = { a: 1 b { c: "}" } };
    /* another { comment */
    message A {
      option deprecated = true; reserved 2, 4 to 6; reserved "old"; extensions 100 to max;
      int64 plain = 1; oneof one { string left = 2; bytes right = 3 [deprecated = true]; }
      repeated uint32 many = 7 [(an.option) = { a: [1, 2] }, packed = true]; ;
    }
    service S { rpc Do(A) returns (A) { option x = 1; } }
    """
    fields = parse_proto(text, "x").messages["A"]
    assert [(f.name, f.kind, f.number, f.repeated) for f in fields.values()] == [
        ("plain", "int", 1, False),
        ("left", "string", 2, False),
        ("right", "bytes", 3, False),
        ("many", "uint", 7, True),
    ]


@pytest.mark.parametrize(
    "written, value",
    [
        ("int32 x = 1 [default = -0x10]", -16),
        ("uint64 x = 1 [default = 017]", 15),
        ("float x = 1 [default = .5]", 0.5),
        ("float x = 1 [default = -1E3, deprecated = true]", -1000.0),
        ("double x = 1 [default = -inf]", float("-inf")),
        ("float x = 1 [default = 1.]", 1.0),
        ("bool x = 1 [default = true]", True),
        ("""string x = 1 [default = 'a' "b]"]""", "ab]"),
        ('bytes x = 1 [default = "ab"]', b"ab"),
        ("E x = 1 [default = TWO]", "TWO"),
        ("E x = 1", "ONE"),
        ("repeated E x = 1", []),
        ("sfixed32 x = 1", 0),
    ],
)
def test_defaults_have_the_type_of_their_field(written, value):
    table = parse_proto(f"message A {{ enum E {{ option allow_alias = true; ONE = -1; TWO = 2; }} {written}; }}", "x")
    assert table.default("A", "x") == value
    assert type(table.default("A", "x")) is type(value)


def test_the_innermost_type_of_a_name_is_meant():
    text = """
    package more;
    enum Engine { OUTER = 1; }
    message A {
      enum Engine { INNER = 1; }
      message B { optional Engine inner = 1; optional more.Engine outer = 2; optional C.Engine other = 3; }
      message C { enum Engine { OTHER = 1; } }
      optional B b = 1;
    }
    message D { optional Engine outer = 1; optional A.B b = 2; optional PoolingParameter.PoolMethod pool = 3; }
    """
    table = parse_proto(text, "x")
    assert [f.type for f in table.messages["A.B"].values()] == ["A.Engine", "Engine", "A.C.Engine"]
    assert [f.type for f in table.messages["D"].values()] == ["Engine", "A.B", "PoolingParameter.PoolMethod"]
    assert table.field("A", "b") == FieldDef("b", "message", 1, type="A.B")


@pytest.mark.parametrize(
    "text, what, place",
    [
        ("message A {\n  optional Nothing x = 1;\n}", "no type is named Nothing", "2:12"),
        ("message A { optional float x }", "'=' is expected, not }", "1:30"),
        ("message A {", "is expected, not the end of the text", "1:12"),
        ("message A { float x = 1.5; }", "a whole number is expected, not 1.5", "1:23"),
        ("message A { float x = 1 [default = true]; }", "true is no default of a field of kind float", "1:36"),
        ("message A { uint32 x = 1 [default = -1]; }", "-1 is no default of a field of kind uint", "1:37"),
        ("message A { A x = 1 [default = 1]; }", "1 is no default of a field of kind message", "1:32"),
        ('message A { string x = 1 [default = "\\n"]; }', "a default with an escape is not read", "1:37"),
        ("message A { float x = 1; int32 x = 2; }", "A.x is defined twice, and differently", "1:32"),
        ("message A { map<int32, A> x = 1; }", "map fields are not read", "1:13"),
        ("message A { optional group X = 1 { } }", "group fields are not read", "1:22"),
        ("extend Nothing { float x = 1; }", "no type is named Nothing", "1:8"),
        ("extend Phase { float x = 1; }", "Phase is an enum", "1:16"),
        ("extend A { option", "the text ends inside a statement", "1:18"),
        ("message A { float x = 1 [default", "the text ends inside an option", "1:33"),
        ("optional float x = 1;", "a message is expected, not optional", "1:1"),
        ("message A { ? }", "unexpected '?'", "1:13"),
        ("message A {" * 60, "messages are nested more than 50 deep", "1:551"),
    ],
)
def test_an_error_names_line_and_column(text, what, place):
    with pytest.raises(SourceError) as caught:
        parse_proto(text, "x.proto")
    assert caught.value.code == "D207"
    assert what in caught.value.what
    assert caught.value.where == f"x.proto:{place}"


# -- several together


def one(field: str, name: str = "other.proto") -> Definitions:
    return parse_proto(f"message LayerParameter {{ {field}; }}", name)


def test_the_same_definition_twice_is_no_conflict():
    table = built_in().extended([one("optional float a = 9000"), one("optional float a = 9001"), built_in()])
    assert table.field("LayerParameter", "a") == FieldDef("a", "float", 9000)
    assert len(table.messages) == len(list(table.messages)) == len(built_in().messages)


@pytest.mark.parametrize("kinds", [("int32", "uint32"), ("uint32", "int64")])
def test_int_and_uint_become_int(kinds):
    table = built_in().extended(one(f"optional {kind} a = 9000") for kind in kinds)
    assert table.field("LayerParameter", "a") == FieldDef("a", "int", 9000)


def test_a_field_without_a_default_takes_that_of_the_other():
    table = built_in().extended([one("optional float a = 1"), one("optional float a = 1 [default = 2]")])
    assert table.default("LayerParameter", "a") == 2.0


def test_an_enum_gains_values():
    table = built_in().extended([parse_proto("message PoolingParameter { enum PoolMethod { MAX = 7; L2 = 9; } }", "x")])
    assert dict(table.enums["PoolingParameter.PoolMethod"]) == {"MAX": 0, "AVE": 1, "STOCHASTIC": 2, "L2": 9}
    assert "L2" not in built_in().enums["PoolingParameter.PoolMethod"]


@pytest.mark.parametrize(
    "first, second, message",
    [
        ("", "optional float concat_param = 1", "is message ConcatParameter in Caffe and float in b.proto"),
        ("optional float a = 1", "optional string a = 1", "is float in a.proto and string in b.proto"),
        ("optional float a = 1", "repeated float a = 1", "is float in a.proto and repeated float in b.proto"),
        ("optional Phase a = 1", "optional Type a = 1", "is enum Phase in a.proto and enum Type in b.proto"),
        (
            "optional float a = 1 [default = 1]",
            "optional float a = 1 [default = 2]",
            "defaults to 1.0 in a.proto and to 2.0 in b.proto",
        ),
    ],
)
def test_a_conflict_names_both_sides(first, second, message):
    with pytest.raises(ValueError, match=message):
        built_in().extended([one(first, "a.proto") if first else Definitions({}, {}), one(second, "b.proto")])
