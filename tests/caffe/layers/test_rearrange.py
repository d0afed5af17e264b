"""Layers of forks that move numbers, against their C++ written out in numpy, and against OpenCV where it has them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.caffe.layers.opencv import opencv_runs
from tests.caffe.support import assert_close, inputs, layer, refusal, run_net

Array = np.ndarray


def numbers(*shape: int) -> Array:
    """Each number once, so that a misplaced one shows."""
    return np.random.default_rng(3).permutation(int(np.prod(shape))).reshape(shape).astype(np.float32)


def run(kind: str, x: Array, parameters: str) -> Array:
    return run_net(inputs(x=x.shape) + layer(kind, "x", parameters=parameters), {"x": x})["out"]


@pytest.mark.parametrize(
    "order, full", [([0, 2, 3, 1], [0, 2, 3, 1]), ([2], [2, 0, 1, 3]), ([3, 1], [3, 1, 0, 2]), ([], [0, 1, 2, 3])]
)
def test_permute_names_the_first_axes_and_the_others_follow(order: list[int], full: list[int]) -> None:
    """weiliu89/caffe, permute_layer.cpp."""
    x = numbers(2, 3, 4, 5)
    found = run("Permute", x, f"permute_param {{ {' '.join(f'order: {a}' for a in order)} }}")
    np.testing.assert_array_equal(found, x.transpose(full))


def test_permute_of_three_axes() -> None:
    x = numbers(3, 4, 5)
    np.testing.assert_array_equal(run("Permute", x, "permute_param { order: 2 }"), x.transpose(2, 0, 1))


@pytest.mark.parametrize("order", ["order: 4", "order: 1 order: 1"])
def test_permute_of_axes_that_are_not_there_is_refused(order: str) -> None:
    assert "order" in str(
        refusal(inputs(x=(2, 3, 4, 5)) + layer("Permute", "x", parameters=f"permute_param {{ {order} }}"))
    )


@pytest.mark.parametrize("group", [1, 2, 3, 6])
def test_shuffle_channel_writes_groups_column_by_column(group: int) -> None:
    """farmingyard/ShuffleNet, shuffle_channel_layer.cpp: Resize_cpu."""
    x = numbers(2, 6, 4, 5)
    expected = np.empty_like(x)
    for i in range(group):
        for j in range(6 // group):
            expected[:, j * group + i] = x[:, i * (6 // group) + j]
    np.testing.assert_array_equal(run("ShuffleChannel", x, f"shuffle_channel_param {{ group: {group} }}"), expected)


def test_channels_that_do_not_divide_are_refused() -> None:
    net = inputs(x=(2, 6, 4, 5)) + layer("ShuffleChannel", "x", parameters="shuffle_channel_param { group: 4 }")
    assert "6 channels" in str(refusal(net))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_reverse_turns_one_axis_round(axis: int) -> None:
    """MhLiao/TextBoxes_plusplus, reverse_layer.cpp."""
    x = numbers(4, 3, 5)
    np.testing.assert_array_equal(run("Reverse", x, f"reverse_param {{ axis: {axis} }}"), np.flip(x, axis))


def reorged(x: Array, stride: int, back: bool) -> Array:
    """Darknet's reorg_cpu: numbers go between places of the blob and of one with bigger images."""
    batch, depth, height, width = x.shape
    k, j, i = np.meshgrid(np.arange(depth), np.arange(height), np.arange(width), indexing="ij")
    less = depth // (stride * stride)
    row, column = j * stride + k // less // stride, i * stride + k // less % stride
    far = (column + width * stride * (row + height * stride * (k % less))).ravel()
    near = np.arange(far.size)
    out = np.empty((batch, far.size), x.dtype)
    flat = x.reshape(batch, -1)
    if back:
        out[:, far] = flat[:, near]
        return out.reshape(batch, less, height * stride, width * stride)
    out[:, near] = flat[:, far]
    return out.reshape(batch, depth * stride * stride, height // stride, width // stride)


@pytest.mark.parametrize(
    "stride, shape", [(1, (2, 3, 4, 5)), (2, (2, 8, 4, 6)), (3, (1, 18, 6, 3)), (2, (3, 64, 26, 26))]
)
def test_reorg_keeps_darknets_order(stride: int, shape: tuple[int, ...]) -> None:
    """training_toolbox_caffe, reorg_yolo_layer.cpp; gklz1982/caffe-yolov2, reorg_layer.cpp."""
    x = numbers(*shape)
    expected = reorged(x, stride, back=False)
    np.testing.assert_array_equal(run("ReorgYolo", x, f"reorg_yolo_param {{ stride: {stride} }}"), expected)
    np.testing.assert_array_equal(run("Reorg", x, f"reorg_param {{ stride: {stride} }}"), expected)


@pytest.mark.parametrize("stride, shape", [(2, (2, 8, 3, 5)), (3, (2, 9, 2, 4))])
def test_reorg_in_reverse_undoes_reorg(stride: int, shape: tuple[int, ...]) -> None:
    x = numbers(*shape)
    found = run("Reorg", x, f"reorg_param {{ stride: {stride} reverse: true }}")
    np.testing.assert_array_equal(found, reorged(x, stride, back=True))


@pytest.mark.parametrize("shape", [(2, 6, 4, 4), (2, 8, 5, 4), (2, 8, 4, 3)])
def test_reorg_of_broken_blocks_is_refused(shape: tuple[int, ...]) -> None:
    assert "blocks" in str(refusal(inputs(x=shape) + layer("Reorg", "x", parameters="reorg_param { stride: 2 }")))


def test_channel_permutation_copies_and_fills() -> None:
    """training_toolbox_caffe, channel_perm_layer.cpp: channels without an action keep their place."""
    x = numbers(2, 3, 4, 5)
    actions = "num_output: 4 action { chan: 1 copy: 2 } action { chan: 3 fill: 2.5 }"
    found = run("ChannelPermutation", x, f"channel_permutation_param {{ {actions} }}")
    np.testing.assert_array_equal(found, np.stack([x[:, 0], x[:, 2], x[:, 2], np.full_like(x[:, 0], 2.5)], 1))


@pytest.mark.parametrize(
    "actions", ["num_output: 4", "num_output: 2 action { chan: 2 copy: 0 }", "num_output: 2 action { chan: 0 }",
                "num_output: 2 action { chan: 1 copy: 0 } action { chan: 0 copy: 0 }"]
)  # fmt: skip
def test_impossible_channel_permutations_are_refused(actions: str) -> None:
    parameters = f"channel_permutation_param {{ {actions} }}"
    refusal(inputs(x=(2, 3, 4, 5)) + layer("ChannelPermutation", "x", parameters=parameters))


@pytest.mark.parametrize(
    "kind, shape, parameters",
    [
        ("Permute", (2, 3, 4, 5), "permute_param { order: 0 order: 2 order: 3 order: 1 }"),
        ("ShuffleChannel", (2, 6, 4, 5), "shuffle_channel_param { group: 3 }"),
        ("Reorg", (2, 8, 4, 6), "reorg_param { stride: 2 }"),
    ],
)
def test_opencv_agrees(kind: str, shape: tuple[int, ...], parameters: str) -> None:
    net, x = inputs(x=shape) + layer(kind, "x", parameters=parameters), numbers(*shape)
    assert_close(run_net(net, {"x": x})["out"], opencv_runs(net, {"x": x}), kind, 0.0)
