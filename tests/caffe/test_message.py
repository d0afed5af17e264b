"""Texts as typed messages: numbers, words and blocks by their definition, and what no definition knows."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.caffe.reading import net_of

from dragoman.errors import SourceError
from dragoman_caffe.message import flat, strange


def one(text: str) -> Any:
    """The value of the only field of the only layer."""
    layer = net_of(f"layer {{ {text} }}")[1]["layer"][0]
    return dict(flat(layer, "")).popitem()[1]


@pytest.mark.parametrize("text, value", [
    ('name: "a"', "a"),
    ("power_param { power: 2 }", 2.0),
    ("power_param { power: 2f }", 2.0),
    ("power_param { power: -.5e1 }", -5.0),
    ("power_param { power: inf }", math.inf),
    ("power_param { power: -1e300 }", -math.inf),
    ("power_param { power: 3.4028235e38 }", 3.4028235e38),
    ("power_param { power: -Infinity }", -math.inf),
    ("convolution_param { num_output: 0x1F }", 31),
    ("convolution_param { num_output: 010 }", 8),
    ("convolution_param { axis: -1 }", -1),
    ("convolution_param { axis: - 1 }", -1),
    ("convolution_param { kernel_size: 3 kernel_size: 5 }", [3, 5]),
    ("convolution_param { kernel_size: [3, 5] }", [3, 5]),
    ("convolution_param { bias_term: false }", False),
    ("convolution_param { bias_term: f }", False),
    ("convolution_param { bias_term: 1 }", True),
    ("pooling_param { pool: AVE }", "AVE"),
    ("pooling_param { pool: 1 }", "AVE"),
    ("input_param { shape { dim: 1 } shape { dim: 2 } }", [{"dim": [1]}, {"dim": [2]}]),
    ("acme_param { x: 1 }", 1),
    ("acme_param { x: -1.5 }", -1.5),
    ("acme_param { x: true }", True),
    ("acme_param { x: WORD }", "WORD"),
    ('acme_param { x: "text" }', "text"),
    ("acme_param { x: 1 x: 2 x: 3 }", [1, 2, 3]),
    ("acme_param { x { y: 1 } x { y: 2 } }", [{"y": 1}, {"y": 2}]),
])  # fmt: skip
def test_values_have_the_type_of_their_field(text: str, value: Any) -> None:
    found = one(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text, column, what", [
    ("name: 3", 9, "a text in quotes"),
    ("name: abc", 9, "a text in quotes"),
    ('power_param { power: "2" }', 23, "a number"),
    ("power_param { power: 09 }", 23, "a number"),
    ("convolution_param { num_output: 2.5 }", 29, "a whole number"),
    ("convolution_param { num_output: -1 }", 29, "not below 0"),
    ("convolution_param { axis: 99999999999999999999 }", 29, "a whole number"),
    ("convolution_param { axis: 09 }", 29, "a whole number"),
    ("convolution_param { bias_term: 2 }", 29, "true or false"),
    ("convolution_param { bias_term: maybe }", 29, "true or false"),
    ('convolution_param { bias_term: "true" }', 29, "true or false"),
    ("pooling_param { pool: AVG }", 25, "not one of pool's words"),
    ("pooling_param { pool: 9 }", 25, "not one of pool's words"),
    ("pooling_param: 3", 9, "takes a block"),
    ("name { }", 9, "not a block"),
    ('name: "a" name: "b"', 19, "given twice"),
    ("pooling_param { } pooling_param { }", 27, "given twice"),
])  # fmt: skip
def test_a_value_that_does_not_fit_has_line_and_column(text: str, column: int, what: str) -> None:
    with pytest.raises(SourceError, match=what) as caught:
        net_of(f"layer {{ {text} }}")
    assert (caught.value.code, caught.value.where.partition(", ")[2]) == ("D207", f"line 1, column {column}"), text


def test_a_misspelt_word_gets_the_nearest() -> None:
    with pytest.raises(SourceError) as caught:
        net_of("layer { eltwise_param { operation: SUMM } }")
    assert caught.value.hint == "did you mean 'SUM'?"


def test_unknown_fields_are_kept_with_place_and_nearest_name() -> None:
    text, net = net_of('layer {\n  convolution_param { kernal_size: 3 }\n  qqq { a { b: 1 } }\n  nmae: "x"\n}')
    layer = net["layer"][0]
    assert layer["convolution_param"]["kernal_size"] == 3
    found = [(path, text.place(at), near) for path, at, near in strange(layer, "")]
    assert found[0] == ("qqq", "net.prototxt, line 3, column 3", "")
    assert found[1][::2] == ("nmae", "did you mean 'name'?")
    assert found[2] == (
        "convolution_param.kernal_size",
        "net.prototxt, line 2, column 23",
        "did you mean 'kernel_size' or 'kernel_w' or 'kernel_h'?",
    )
