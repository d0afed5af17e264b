"""Convolution and Deconvolution against torch; which nets Caffe's ``base_conv_layer.cpp`` does not take."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.caffe.support import Fixture, assert_close, convert_net, inputs, layer, refusal, run_net

torch = pytest.importorskip("torch")


def repeated(**fields: list[int]) -> str:
    return " ".join(f"{name}: {n}" for name, numbers in fields.items() for n in numbers)


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def by_torch(kind: str, x: np.ndarray, w: np.ndarray, b: np.ndarray, window: dict[str, Any], missing: int = 0) -> Any:
    count = w.ndim - 2
    data, weights, bias = (torch.from_numpy(v).double() for v in (x, w, b))
    if kind == "Deconvolution":
        call = getattr(torch.nn.functional, f"conv_transpose{count}d")
        return call(data, weights, bias, **window).float().numpy()
    pads = [p for pad in reversed(window.pop("padding")) for p in (pad, pad + missing)]
    call = getattr(torch.nn.functional, f"conv{count}d")
    return call(torch.nn.functional.pad(data, pads), weights, bias, **window).float().numpy()


def check(kind: str, count: int, group: int, stride: int, pad: int, dilation: int, kernel: int = 3) -> None:
    ci, co = 2 * group, 3 * group
    x = random(2, ci, *[7, 9, 5][:count])
    w = random(*((co, ci // group) if kind == "Convolution" else (ci, co // group)), *[kernel] * count, seed=1)
    b = random(co, seed=2)
    lists = {"kernel_size": [kernel], "stride": [stride] * count, "pad": [pad] * count, "dilation": [dilation]}
    fields = f"convolution_param {{ num_output: {co} group: {group} {repeated(**lists)} }}"
    found = run_net(inputs(data=x.shape) + layer(kind, "data", parameters=fields), {"data": x}, {"lay": [w, b]})
    window = {"stride": stride, "padding": [pad] * count, "dilation": dilation, "groups": group}
    assert_close(found["out"], by_torch(kind, x, w, b, window))


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize(("group", "stride", "pad", "dilation"), [
    (1, 1, 0, 1), (1, 2, 1, 1), (3, 1, 1, 2), (2, 3, 2, 1), (4, 2, 0, 2),
])  # fmt: skip
def test_windows_in_one_two_and_three_dimensions(
    kind: str, count: int, group: int, stride: int, pad: int, dilation: int
) -> None:
    check(kind, count, group, stride, pad, dilation)


@pytest.mark.parametrize(("stride", "pad"), [(1, 1), (2, 0), (2, 1), (3, 2)])
@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
def test_a_kernel_of_one_point_with_strides_and_padding(kind: str, stride: int, pad: int) -> None:
    check(kind, 2, 1, stride, pad, 1, kernel=1)


@pytest.mark.parametrize("pad", [0, 1])
def test_one_point_with_strides_after_another_convolution(pad: int) -> None:
    x, first, second = random(1, 3, 8, 9), random(4, 3, 3, 3, seed=1), random(5, 4, 1, 1, seed=2)
    fields = "convolution_param {{ num_output: {} kernel_size: {} stride: {} pad: {} bias_term: false }}"
    text = inputs(data=x.shape) + layer("Convolution", "data", "c", fields.format(4, 3, 1, 0), name="a")
    text += layer("Convolution", "c", "out", fields.format(5, 1, 2, pad), name="b")
    inner = torch.nn.functional.conv2d(torch.from_numpy(x), torch.from_numpy(first))
    expected = torch.nn.functional.conv2d(inner, torch.from_numpy(second), stride=2, padding=pad)
    assert_close(run_net(text, {"data": x}, {"a": [first], "b": [second]})["out"], expected.numpy())


@pytest.mark.parametrize(("axis", "shape"), [
    (2, (2, 3, 4, 7, 9)), (2, (2, 3, 4, 7)), (3, (2, 3, 2, 4, 7)), (0, (4, 7, 9)), (0, (4, 6)),
])  # fmt: skip
@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
def test_channels_on_another_axis(kind: str, axis: int, shape: tuple[int, ...]) -> None:
    count = len(shape) - axis - 1
    x, w, b = random(*shape), random(4, 4, *[3] * count, seed=1), random(4, seed=2)
    fields = f"convolution_param {{ num_output: 4 kernel_size: 3 axis: {axis} }}"
    found = run_net(inputs(data=shape) + layer(kind, "data", parameters=fields), {"data": x}, {"lay": [w, b]})["out"]
    expected = by_torch(kind, x.reshape(-1, *shape[axis:]), w, b, {"padding": [0] * count})
    assert_close(found, expected.reshape(*shape[:axis], *expected.shape[1:]))


@pytest.mark.parametrize(("axis", "shape"), [(1, (3, 4)), (2, (2, 3, 4)), (0, (4,))])
def test_no_dimension_behind_the_channels_is_a_product(axis: int, shape: tuple[int, ...]) -> None:
    x, w, b = random(*shape), random(6, 2, seed=1), random(6, seed=2)
    fields = f"convolution_param {{ num_output: 6 group: 2 axis: {axis} }}"
    text = inputs(data=shape) + layer("Convolution", "data", parameters=fields)
    expected = np.concatenate([x[..., :2] @ w[:3].T, x[..., 2:] @ w[3:].T], -1) + b
    assert_close(run_net(text, {"data": x}, {"lay": [w, b]})["out"], expected)


def test_a_kernel_larger_than_the_image_by_less_than_a_stride_sees_zeros() -> None:
    x, w, b = random(1, 2, 4, 4), random(3, 2, 5, 5, seed=1), random(3, seed=2)
    fields = "convolution_param { num_output: 3 kernel_size: 5 stride: 2 }"
    found = run_net(inputs(data=x.shape) + layer("Convolution", "data", parameters=fields), {"data": x},
                    {"lay": [w, b]})["out"]  # fmt: skip
    assert_close(found, by_torch("Convolution", x, w, b, {"padding": [0, 0], "stride": 2}, missing=1))


@pytest.mark.parametrize("kind", ["ConvolutionDepthwise", "DepthwiseConvolution"])
@pytest.mark.parametrize("given", ["num_output: 4", "num_output: 4 group: 4"])
def test_depthwise_types_of_the_forks(kind: str, given: str) -> None:
    x, w, b = random(2, 4, 7, 9), random(4, 1, 3, 3, seed=1), random(4, seed=2)
    fields = f"convolution_param {{ {given} kernel_size: 3 stride: 2 pad: 1 }}"
    found = run_net(inputs(data=x.shape) + layer(kind, "data", parameters=fields), {"data": x}, {"lay": [w, b]})["out"]
    assert_close(found, by_torch("Convolution", x, w, b, {"padding": [1, 1], "stride": 2, "groups": 4}))


def test_several_bottoms_share_the_weights() -> None:
    x, y, w = random(1, 2, 5, 5), random(1, 2, 5, 5, seed=3), random(3, 2, 3, 3, seed=1)
    fields = "convolution_param { num_output: 3 kernel_size: 3 bias_term: false }"
    text = inputs(a=x.shape, b=x.shape) + layer("Convolution", "a b", "u v", fields)
    found = run_net(text, {"a": x, "b": y}, {"lay": [w]})
    for blob, data in (("u", x), ("v", y)):
        assert_close(found[blob], by_torch("Convolution", data, w, np.zeros(3, np.float32), {"padding": [0, 0]}))


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
def test_height_and_width_may_stay_open(kind: str) -> None:
    x, w, b = random(2, 3, 8, 11), random(3, 3, 3, 3, seed=1), random(3, seed=2)
    fields = "convolution_param { num_output: 3 kernel_size: 3 stride: 2 pad: 1 }"
    text = inputs(data=(1, 3, 5, 5)) + layer(kind, "data", parameters=fields)
    found = run_net(text, {"data": x}, {"lay": [w, b]}, shapes={"data": "?,3,?,?"})["out"]
    assert_close(found, by_torch(kind, x, w, b, {"padding": [1, 1], "stride": 2}))


@pytest.mark.parametrize(("fields", "why"), [
    ("num_output: 2", "kernel_size is missing"),
    ("num_output: 2 kernel_size: 3 kernel_h: 3", "both given"),
    ("num_output: 2 kernel_h: 3", "kernel_h and kernel_w go together"),
    ("num_output: 2 kernel_size: 3 kernel_size: 3 kernel_size: 3", "3 numbers for 2 spatial dimensions"),
    ("kernel_size: 3", "num_output is missing"),
    ("num_output: 2 kernel_size: 0", "at least 1"),
    ("num_output: 2 kernel_size: 3 stride: 0", "at least 1"),
    ("num_output: 2 kernel_size: 3 stride_h: 2", "go together"),
    ("num_output: 2 kernel_size: 3 pad: 1 pad_h: 1", "both given"),
    ("num_output: 2 kernel_size: 3 group: 3", "divided into 3 groups"),
    ("num_output: 3 kernel_size: 3 group: 2", "divided into 2 groups"),
    ("num_output: 2 kernel_size: 3 axis: 4", "out of range"),
    ("num_output: 2 kernel_size: 5", "weight blob 0 has the shape [2, 4, 3, 3]"),
    ("num_output: 2 kernel_size: 3 bias_term: false", "2 weight blobs"),
])  # fmt: skip
def test_what_caffe_aborts_at_is_refused(fields: str, why: str) -> None:
    blobs = {"lay": [np.zeros((2, 4, 3, 3)), np.zeros(2)]}
    error = refusal(
        inputs(data=(1, 4, 6, 6)) + layer("Convolution", "data", parameters=f"convolution_param {{ {fields} }}"), blobs
    )
    assert why in str(error)


@pytest.mark.parametrize(("kind", "why"), [
    ("Convolution", "a kernel that reaches over 3 in a padded image of 2"),
    ("Deconvolution", "a pad of 2 leaves nothing of 4 elements"),
])  # fmt: skip
def test_impossible_windows_are_told_of_a_net_without_weights(kind: str, why: str) -> None:
    pad = "pad: 2" if kind == "Deconvolution" else ""
    fields = f"convolution_param {{ num_output: 2 kernel_size: 3 {pad} }}"
    assert why in str(refusal(inputs(x=(1, 2, 2, 2)) + layer(kind, "x", "y", fields)))


def test_shapes_that_caffe_aborts_at_are_refused() -> None:
    def why(kind: str, shape: tuple[int, ...], fields: str, weights: tuple[int, ...]) -> str:
        text = inputs(data=shape) + layer(kind, "data", parameters=f"convolution_param {{ {fields} }}")
        return str(refusal(text, {"lay": [np.zeros(weights), np.zeros(2)]}))

    assert "reaches over 9" in why("Convolution", (1, 4, 6, 6), "num_output: 2 kernel_size: 9", (2, 4, 9, 9))
    assert "4 dimensions" in why("Convolution", (1, 4, 5, 5, 5, 5), "num_output: 2 kernel_size: 1", (2, 4, 1, 1, 1, 1))
    assert "leaves nothing" in why("Deconvolution", (1, 4, 6, 6), "num_output: 2 kernel_size: 1 pad: 3", (4, 2, 1, 1))
    assert "2 spatial" in why("Convolution", (1, 4, 6), "num_output: 2 kernel_h: 3 kernel_w: 3", (2, 4, 3, 3))


@pytest.mark.parametrize(("bottoms", "tops", "shapes"), [
    ("a", "u v", {"a": (1, 2, 5, 5)}), ("a a", "u", {"a": (1, 2, 5, 5)}),
    ("a b", "u v", {"a": (1, 2, 5, 5), "b": (1, 2, 4, 5)}),
])  # fmt: skip
def test_bottoms_and_tops_come_in_pairs_of_one_shape(bottoms: str, tops: str, shapes: dict[str, Any]) -> None:
    fields = "convolution_param { num_output: 3 kernel_size: 3 bias_term: false }"
    refusal(inputs(**shapes) + layer("Convolution", bottoms, tops, fields), {"lay": [np.zeros((3, 2, 3, 3))]})


@pytest.mark.parametrize("name", [
    "batchnorm_conv_bias_scale", "batchnorm_scale_inplace", "fuse_bias_bn_bias", "fuse_conv_scale", "fuse_ip_bn",
    "fuse_scale_negative",
])  # fmt: skip
def test_batch_norm_scale_and_bias_leave_one_product_and_one_sum(shared: Path, name: str) -> None:
    fixture = Fixture(shared, name)
    fixture.check()
    types = Counter(node.get_type_name() for node in fixture.convert().openvino().get_ops())
    assert sum(types[kind] for kind in ("Convolution", "GroupConvolution", "MatMul")) == 1
    assert types["Add"] == 1
    assert not types["Multiply"] + types["BatchNormInference"]


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
@pytest.mark.parametrize("group", [1, 2])
def test_batch_norm_and_scale_go_into_any_convolution(kind: str, group: int) -> None:
    x, w, c = random(2, 4, 6, 6), random(4, 4 // group, 3, 3, seed=1), [random(4, seed=s) for s in range(2, 6)]
    text = inputs(data=x.shape)
    fields = f"convolution_param {{ num_output: 4 kernel_size: 3 group: {group} bias_term: false }}"
    text += layer(kind, "data", "c", fields, name="conv")
    text += layer("BatchNorm", "c", "c", name="bn") + layer("Scale", "c", "out", "scale_param { bias_term: true }")
    blobs = {"conv": [w], "bn": [c[0], np.abs(c[1]), np.array([0.5])], "lay": c[2:]}
    result = convert_net(text, blobs)
    types = Counter(node.get_type_name() for node in result.openvino().get_ops())
    assert sum(n for kind, n in types.items() if kind not in ("Parameter", "Constant", "Result")) == 2, types
    y = by_torch(kind, x, w, np.zeros(4, np.float32), {"padding": [0, 0], "groups": group})
    mean, variance, gamma, beta = (v.reshape(1, 4, 1, 1) for v in (c[0] / 0.5, np.abs(c[1]) / 0.5, *c[2:]))
    assert_close(run_net(text, {"data": x}, blobs)["out"], (y - mean) / np.sqrt(variance + 1e-5) * gamma + beta)


def test_every_kernel_and_stride_of_a_small_image() -> None:
    x = random(1, 2, 5, 6)
    text, expected, blobs = inputs(data=x.shape), {}, {}
    for k, s, p in itertools.product((1, 2, 4), (1, 2, 3), (0, 1, 2)):
        name, w, b = f"k{k}s{s}p{p}", random(3, 2, k, k, seed=k), random(3, seed=9)
        fields = f"convolution_param {{ num_output: 3 kernel_h: {k} kernel_w: {k} stride: {s} pad_h: {p} pad_w: {p} }}"
        text += layer("Convolution", "data", name, fields, name=name)
        blobs[name] = [w, b]
        expected[name] = by_torch("Convolution", x, w, b, {"padding": [p, p], "stride": s})
    found = run_net(text, {"data": x}, blobs)
    for name, numbers in expected.items():
        assert_close(found[name], numbers, name)
