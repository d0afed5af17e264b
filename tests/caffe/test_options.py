"""The options of Caffe models: what they take, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dragoman.errors import UsageError
from dragoman.options import canonical
from dragoman_caffe.options import caffe_options


def option(name: str, value: Any) -> Any:
    return canonical({name: value}, caffe_options())[name]


@pytest.mark.parametrize("name, given, expected", [
    ("level", "3", 3),
    ("level", -2, -2),
    ("stages", ["a", "b"], ("a", "b")),
    ("stages", "a", ("a",)),
    ("mean_file_offsets", "3,4", (3, 4)),
    ("mean_file_offsets", "(3, 4)", (3, 4)),
    ("mean_file_offsets", (3, 4), (3, 4)),
    ("shape_of", ["conv=1,64,13,13"], {"conv": ((1, 64, 13, 13),)}),
    ("shape_of", "a/b=1,64;1,32", {"a/b": ((1, 64), (1, 32))}),
    ("shape_of", {"a": [1, 2], "b": [[1], [2]]}, {"a": ((1, 2),), "b": ((1,), (2,))}),
    ("input_proto", "net.prototxt", Path("net.prototxt")),
    ("allow_missing_weights", True, True),
])  # fmt: skip
def test_values_on_the_command_line_and_in_python(name: str, given: Any, expected: Any) -> None:
    assert option(name, given) == expected


@pytest.mark.parametrize("name, given", [
    ("level", "low"), ("level", "1.5"), ("mean_file_offsets", "3"), ("mean_file_offsets", "3,-4"),
    ("mean_file_offsets", "a,b"), ("mean_file_offsets", (1, 2, 3)), ("shape_of", "conv"), ("shape_of", "conv=1,0"),
    ("shape_of", "conv=1,?"), ("shape_of", "=1,2"), ("shape_of", f"conv={2**31}"), ("stages", 3),
])  # fmt: skip
def test_values_that_do_not_fit_are_refused(name: str, given: Any) -> None:
    with pytest.raises(UsageError) as caught:
        option(name, given)
    assert caught.value.code == "D102"
    assert name.rstrip("s").replace("_", "-") in caught.value.where.replace("_", "-")
