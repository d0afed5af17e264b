"""Damaged and hostile IRs end in a SourceError that says where, quickly and in little memory."""

from __future__ import annotations

import random

import numpy as np
import pytest
from tests.core.ir.models import Model
from tests.core.ir.test_write import loop_model

from dragoman.errors import DragomanError, SourceError
from dragoman.ir.read import read_ir
from dragoman.ir.write import ir_bytes
from dragoman_sdk.opcase import registry


@pytest.fixture(scope="module")
def pair() -> tuple[bytes, bytes]:
    m = Model()
    m.output(m.op.Add(m.input("x"), m.op.constant(np.ones((2, 3), np.float32), name="w")), "y")
    return ir_bytes(m.graph)


def code_of(xml: bytes, weights: bytes) -> str:
    with pytest.raises(SourceError) as error:
        read_ir(xml, weights, ops=registry())
    assert error.value.where
    assert error.value.hint
    return error.value.code


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b'version="11"', b'version="9"', "D209"),
        (b'version="11"', b'version="11.0"', "D210"),
        (b"<net ", b"<nets ", "D203"),
        (b"<layers>", b"<layer>", "D207"),
        (b'id="0" name="x"', b'id="-1" name="x"', "D210"),
        (b'id="0" name="x"', b'id="99999999999999999999" name="x"', "D210"),
        (b'id="1" name="w"', b'id="0" name="w"', "D210"),
        (b'from-layer="0"', b'from-layer="7"', "D210"),
        (b'from-port="0"', b'from-port="5"', "D210"),
        (b'to-layer="2" to-port="0"', b'to-layer="2" to-port="1"', "D210"),
        (b'to-layer="2" to-port="0"', b'to-layer="2" to-port="8"', "D210"),
        (b'from-layer="2" from-port="2" to-layer="3"', b'from-layer="2" from-port="2" to-layer="2"', "D210"),
        (b'offset="0"', b'offset="64"', "D204"),
        (b'size="24"', b'size="25"', "D212"),
        (b'size="24"', b'size="-24"', "D210"),
        (b'shape="2,3" offset', b'shape="2,1099511627776" offset', "D212"),
        (b'shape="2,3" offset', b'shape="2,-3" offset', "D212"),
        (b'shape="2,3" offset', b'shape="' + b"9" * 5000 + b'" offset', "D212"),
        (b'element_type="f32" shape="2,3" offset', b'element_type="f33" shape="2,3" offset', "D210"),
        (b'auto_broadcast="numpy"', b'auto_broadcast="maybe"', "D210"),
        (b'precision="FP32"', b'precision="FP99"', "D210"),
    ],
)
def test_one_wrong_text_is_told(pair, old, new, code):
    xml, weights = pair
    assert old in xml
    assert code_of(xml.replace(old, new, 1), weights) == code


def test_missing_edges_and_weights_are_told(pair):
    xml, weights = pair
    lines = xml.split(b"\n")
    for line in [line for line in lines if b"<edge " in line]:
        assert code_of(b"\n".join(k for k in lines if k is not line), weights) == "D210"
    assert code_of(xml, weights[:-1]) == "D204"
    assert code_of(xml, b"") == "D204"


def test_cycles_are_told():
    m = Model()
    y = m.op.Add(m.op.Relu(m.input("x")), m.input("z"))
    m.output(m.op.Relu(y), "y")
    xml, weights = ir_bytes(m.graph)
    text = xml.decode().replace(
        'from-layer="1" from-port="0" to-layer="3"', 'from-layer="4" from-port="1" to-layer="3"'
    )
    with pytest.raises(SourceError, match="cycle") as error:
        read_ir(text.encode(), weights, ops=registry())
    assert error.value.code == "D210"


DEBRIS = (b"", b"9", b"-", b'"', b"\xff", b"<a/>", b"1", b"0", b",")
BOMB = b'<!DOCTYPE net [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><net name="&b;" version="11"/>'
OUTSIDE = b'<!DOCTYPE net [<!ENTITY f SYSTEM "file:///etc/passwd">]><net version="11"><layers>&f;</layers></net>'


@pytest.mark.parametrize("xml", [BOMB, OUTSIDE])
def test_entities_are_never_expanded(xml):
    assert code_of(xml, b"") == "D207"


def test_deep_nesting_is_refused():
    assert code_of(b'<net version="11">' + b"<a>" * 100000, b"") == "D208"


def test_deep_bodies_are_refused():
    layer = b'<layer id="0" name="l" type="TensorIterator" version="opset1"><body><layers>'
    xml = b'<net version="11"><layers>' + layer * 90 + b"</layers></body></layer>" * 90 + b"</layers></net>"
    assert code_of(xml, b"") == "D208"


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"not xml", b"<net", b"<?xml version='1.0'?>", b"\xff\xfe<"])
def test_what_is_no_xml_is_told(content):
    assert code_of(content, b"") in ("D204", "D207")


def test_a_model_cut_off_anywhere_is_told(pair):
    xml, weights = pair
    for end in range(0, len(xml.rstrip()) - 1, 7):
        assert code_of(xml[:end], weights) in ("D204", "D207")


def test_missing_files_are_told(tmp_path, pair):
    with pytest.raises(SourceError) as error:
        read_ir(tmp_path / "none.xml", ops=registry())
    assert error.value.code == "D201"
    (tmp_path / "m.xml").write_bytes(pair[0])
    with pytest.raises(SourceError) as error:
        read_ir(tmp_path / "m.xml", ops=registry())
    assert error.value.code == "D204"


@pytest.mark.parametrize("seed", range(4))
def test_damaged_text_never_ends_in_another_error(pair, seed):
    random.seed(seed)
    loop = ir_bytes(loop_model().graph)
    for xml, weights in (pair, loop):
        for _ in range(300):
            text = bytearray(xml)
            for _ in range(random.choice((1, 1, 2, 5))):
                at = random.randrange(len(text))
                text[at : at + random.choice((0, 1, 1, 3))] = random.choice(
                    (b"", b"9", b"-", b'"', b"\xff", b"<a/>", b"1")
                )
            try:
                read_ir(bytes(text), weights, ops=registry())
            except DragomanError as error:
                assert error.what  # noqa: PT017
