"""Layers that move numbers, against numpy: BVLC's ``concat_layer.cpp``, ``slice_layer.cpp``, ``split_layer.cpp``,
``flatten_layer.cpp``, ``reshape_layer.cpp``, ``tile_layer.cpp``, ``batch_reindex_layer.cpp``, ``filter_layer.cpp``."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from tests.caffe.support import convert_net, inputs, layer, refusal, run_model, run_net

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 6, 3, 4)).astype(np.float32)


def run(kind: str, x: np.ndarray, parameters: str = "", tops: str = "out") -> dict[str, np.ndarray]:
    return run_net(inputs(data=x.shape) + layer(kind, "data", tops, parameters), {"data": x})


@pytest.mark.parametrize(("field", "axis"), [("axis: 0", 0), ("axis: -1", -1), ("axis: 2", 2), ("concat_dim: 3", 3),
                                             ("", 1)])  # fmt: skip
def test_concat(field: str, axis: int) -> None:
    shapes = [[*X.shape] for _ in range(3)]
    for k, shape in enumerate(shapes):
        shape[axis] = k + 1
    feeds = {name: RNG.standard_normal(shape).astype(np.float32) for name, shape in zip("abc", shapes, strict=True)}
    text = inputs(**dict(zip("abc", shapes, strict=True)))
    text += layer("Concat", "a b c", parameters=f"concat_param {{ {field} }}")
    np.testing.assert_array_equal(run_net(text, feeds)["out"], np.concatenate([*feeds.values()], axis))


@pytest.mark.parametrize(("field", "axis", "points"), [
    ("slice_point: 1 slice_point: 4", 1, [1, 4]), ("axis: 2", 2, [1, 2]), ("slice_dim: 2", 2, [1, 2]),
    ("axis: -1 slice_point: 2 slice_point: 3", 3, [2, 3]), ("", 1, [2, 4]),
])  # fmt: skip
def test_slice(field: str, axis: int, points: list[int]) -> None:
    found = run("Slice", X, f"slice_param {{ {field} }}", "p q r")
    for name, (start, stop) in zip("pqr", pairwise([0, *points, X.shape[axis]]), strict=True):
        np.testing.assert_array_equal(found[name], X.take(range(start, stop), axis))


def test_slice_gives_the_rest_of_an_open_axis_to_the_last_top() -> None:
    fields = "slice_param { axis: 0 slice_point: 1 slice_point: 3 }"
    text = inputs(data=X.shape) + layer("Slice", "data", "p q r", fields)
    x = np.concatenate([X] * 4)
    found = run_model(convert_net(text, shapes={"data": "7..9,6,3,4"}), {"data": x})
    for name, part in (("p", x[:1]), ("q", x[1:3]), ("r", x[3:])):
        np.testing.assert_array_equal(found[name], part)


def test_split_gives_the_same_to_all() -> None:
    text = inputs(data=X.shape) + layer("AbsVal", "data", "x", name="abs") + layer("Split", "x", "p q")
    found = run_net(text, {"data": X})
    np.testing.assert_array_equal(found["p"], np.abs(X))
    np.testing.assert_array_equal(found["q"], np.abs(X))


@pytest.mark.parametrize(("field", "shape"), [
    ("", (2, 72)), ("axis: 0", (144,)), ("axis: 2", (2, 6, 12)), ("axis: 1 end_axis: 2", (2, 18, 4)),
    ("axis: 0 end_axis: -2", (36, 4)), ("axis: -3 end_axis: -3", (2, 6, 3, 4)),
])  # fmt: skip
def test_flatten(field: str, shape: tuple[int, ...]) -> None:
    np.testing.assert_array_equal(run("Flatten", X, f"flatten_param {{ {field} }}")["out"], X.reshape(shape))


@pytest.mark.parametrize(("field", "shape"), [
    ("shape { dim: 0 dim: -1 }", (2, 72)), ("shape { dim: 0 dim: 0 dim: -1 }", (2, 6, 12)),
    ("shape { dim: 144 }", (144,)), ("shape { dim: -1 dim: 0 dim: 2 }", (12, 6, 2)),
    ("axis: 1 num_axes: 2 shape { dim: -1 }", (2, 18, 4)), ("axis: -1 shape { dim: 1 dim: 1 }", (2, 6, 3, 4, 1, 1)),
    ("axis: 1 num_axes: 0 shape { dim: 1 }", (2, 1, 6, 3, 4)), ("axis: 1 num_axes: 1 shape { dim: 2 dim: -1 }",
                                                                (2, 2, 3, 3, 4)),
    ("axis: -2 shape { dim: 2 dim: -1 }", (2, 6, 3, 2, 2)), ("axis: 2 shape { dim: 0 dim: 2 dim: 2 }", (2, 6, 3, 2, 2)),
])  # fmt: skip
def test_reshape(field: str, shape: tuple[int, ...]) -> None:
    np.testing.assert_array_equal(run("Reshape", X, f"reshape_param {{ {field} }}")["out"], X.reshape(shape))


@pytest.mark.parametrize("parameters", [
    "reshape_param { shape { dim: 0 dim: -1 } }", "reshape_param { axis: 1 shape { dim: 3 dim: -1 } }",
    "reshape_param { shape { dim: -1 dim: 6 dim: 12 } }",
])  # fmt: skip
def test_reshape_holds_for_another_batch(parameters: str) -> None:
    result = convert_net(inputs(data=X.shape) + layer("Reshape", "data", parameters=parameters))
    model = result.openvino()
    model.reshape({"data": [5, 6, 3, 4]})
    assert model.outputs[0].shape[0] == 5


def test_reshape_copies_an_open_dimension() -> None:
    text = inputs(data=X.shape) + layer("Reshape", "data", parameters="reshape_param { axis: 2 shape { dim: -1 } }")
    x = np.concatenate([X] * 3)
    found = run_model(convert_net(text, shapes={"data": "5..8,6,3,4"}), {"data": x})["out"]
    np.testing.assert_array_equal(found, x.reshape(6, 6, 12))


@pytest.mark.parametrize("axis", [-1, 0, 1, 2])
def test_tile(axis: int) -> None:
    found = run("Tile", X, f"tile_param {{ axis: {axis} tiles: 3 }}")["out"]
    np.testing.assert_array_equal(found, np.concatenate([X] * 3, axis))


def test_batch_reindex() -> None:
    index = np.array([1, 0, 0, 1, 1], np.float32)
    text = inputs(data=X.shape, index=index.shape) + layer("BatchReindex", "data index")
    np.testing.assert_array_equal(run_net(text, {"data": X, "index": index})["out"], X[index.astype(int)])


@pytest.mark.parametrize("chosen", [[1, 0, -2, 0.5, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]])
def test_filter_keeps_items_whose_selector_is_not_0(chosen: list[float]) -> None:
    a, b = (RNG.standard_normal(shape).astype(np.float32) for shape in ((5, 3), (5, 2, 2)))
    selector = np.array(chosen, np.float32)
    text = inputs(a=a.shape, b=b.shape, s=(5, 1, 1)) + layer("Filter", "a b s", "p q")
    found = run_net(text, {"a": a, "b": b, "s": selector.reshape(5, 1, 1)})
    np.testing.assert_array_equal(found["p"], a[selector != 0])
    np.testing.assert_array_equal(found["q"], b[selector != 0])


@pytest.mark.parametrize(("kind", "parameters", "tops", "reason"), [
    ("Concat", "concat_param { axis: 4 }", "out", "axis 4 is out of range"),
    ("Concat", "concat_param { axis: 1 concat_dim: 1 }", "out", "axis and concat_dim"),
    ("Slice", "", "a b c d", "not 4 equal parts"),
    ("Slice", "slice_param { slice_point: 4 slice_point: 2 }", "a b c", "do not rise"),
    ("Slice", "slice_param { slice_point: 4 }", "a b c", "1 slice points make 2 tops"),
    ("Slice", "slice_param { axis: 1 slice_dim: 2 }", "a b", "axis and slice_dim"),
    ("Flatten", "flatten_param { axis: 2 end_axis: 1 }", "out", "lies behind"),
    ("Reshape", "reshape_param { shape { dim: 5 dim: -1 } }", "out", "cannot hold"),
    ("Reshape", "reshape_param { shape { dim: -1 dim: -1 } }", "out", "more than one"),
    ("Reshape", "reshape_param { shape { dim: 2 dim: 6 dim: 3 dim: 4 dim: 0 } }", "out", "no dimension to copy"),
    ("Reshape", "reshape_param { axis: 2 num_axes: 3 shape { dim: -1 } }", "out", "out of range"),
    ("Tile", "tile_param { axis: 1 }", "out", "tiles"),
    ("Tile", "tile_param { tiles: 0 }", "out", "tiles is 0"),
    ("Tile", "tile_param { tiles: 2000000000 }", "out", "more than a blob of Caffe holds"),
])  # fmt: skip
def test_what_caffe_aborts_at(kind: str, parameters: str, tops: str, reason: str) -> None:
    assert reason in str(refusal(inputs(data=X.shape) + layer(kind, "data", tops, parameters)))


def test_concat_refuses_bottoms_that_differ_elsewhere() -> None:
    assert "differ outside of axis 1" in str(refusal(inputs(a=(2, 3, 4), b=(2, 3, 5)) + layer("Concat", "a b")))
