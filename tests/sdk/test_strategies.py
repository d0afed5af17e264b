"""Strategies give what they promise, checked on what they draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as plain
from hypothesis.errors import NoSuchExample

from dragoman.graph.types import DYNAMIC, Interval, dtype
from dragoman.ops import core_ops
from dragoman.ops.define import Bool, Enum, Float, In, Int, Ints, Op, Ports, op
from dragoman_sdk import strategies as st


@op("Demo", "extension")
class Demo(Op):
    """For tests."""

    data = In()
    axis = Int(0)
    pads = Ints()
    beta = Float(1.0)
    keep = Bool(True)
    mode = Enum("up", "down")


@given(st.arrays(st.element_types(), st.static_shapes(0, 3), low=-5, high=7))
def test_arrays_are_finite_and_in_bounds(array: np.ndarray) -> None:
    assert np.isfinite(array.astype(np.float64)).all()
    assert array.dtype.kind == "b" or ((array >= -5) & (array <= 7)).all()
    tiny = np.abs(array[array != 0].astype(np.float64))
    assert not tiny.size or tiny.min() >= 1e-4 * 0.99


@given(plain.data(), st.shapes(0, 4))
def test_sizes_fit_partial_shapes(data: plain.DataObject, shape: tuple) -> None:
    size = data.draw(st.sized(shape))
    assert len(size) == len(shape)
    for number, dim in zip(size, shape, strict=True):
        low, high = (dim.lo or 0, dim.hi) if isinstance(dim, Interval) else (dim, dim)
        assert low <= number
        assert high is None or number <= high


@pytest.mark.parametrize(
    "wanted", [lambda s: DYNAMIC in s, lambda s: any(isinstance(d, int) for d in s), lambda s: s == ()]
)
def test_shapes_have_all_kinds_of_dimensions(wanted: object) -> None:
    assert find(st.shapes(), wanted) is not None  # type: ignore[arg-type]
    assert find(st.shapes(unknown_rank=True), lambda s: s is None) is None


@pytest.mark.parametrize("kind", ["f32", "i64", "u8"])
def test_special_values_are_among_the_elements(kind: str) -> None:
    for value in (0, 1, 10):
        assert value in find(st.arrays(kind, (64,)), lambda a, value=value: bool((a == value).any()))


def test_element_types_are_those_asked_for() -> None:
    assert find(st.element_types("bool"), lambda d: True).name == "boolean"
    with pytest.raises(NoSuchExample):
        find(st.element_types("float", "i8"), lambda d: d.kind != "float" and d.name != "i8")
    with pytest.raises(ValueError, match="no element type is one of complex"):
        st.element_types("complex")


@given(st.ops(Demo, axis=plain.integers(-2, 1)))
def test_attributes_come_from_the_fields_of_the_class(made: Op) -> None:
    assert -2 <= made.axis <= 1
    assert made.mode in ("up", "down")
    assert made == Demo.from_xml(made.xml())


def test_a_value_that_is_given_is_taken_and_an_unknown_name_is_refused() -> None:
    assert find(st.attributes(Demo, mode="down"), lambda a: True)["mode"] == "down"
    with pytest.raises(ValueError, match="no attribute axes"):
        st.attributes(Demo, axes=1)
    with pytest.raises(ValueError, match="Ports fields have no strategy"):
        st.attribute(Ports())


#: states one thing in three attributes, so that they cannot be drawn each on its own
ENTANGLED = {"ROIPooling"}
FREE = [c for c in core_ops() if c.type not in ENTANGLED]


@pytest.mark.parametrize("cls", FREE, ids=lambda c: f"{c.type}-{c.version}")
def test_every_op_of_the_core_has_a_strategy(cls: type[Op]) -> None:
    @settings(max_examples=5, deadline=None)
    @given(st.attributes(cls))
    def holds(attributes: dict) -> None:
        assert cls.from_xml(cls(**attributes).xml()) == cls(**attributes)

    holds()


@settings(max_examples=20)
@given(st.arrays("f32", st.static_shapes(1, 3)))
def test_arrays_have_the_type_asked_for(array: np.ndarray) -> None:
    assert array.dtype == dtype("f32").numpy
