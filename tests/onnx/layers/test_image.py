"""GridSample, AffineGrid and Col2Im against onnxruntime; ImageDecoder is refused."""

from __future__ import annotations

import itertools

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import model_of, port, refusal, run_both

Arrays = dict[str, np.ndarray]


def sampling(
    x: tuple[int, ...], out: tuple[int, ...], *, dynamic: bool = False, opset: int = 16, **attributes: object
) -> tuple[onnx.ModelProto, Arrays]:
    random = np.random.default_rng(2)
    count = len(x) - 2
    grid = random.uniform(-1.6, 1.6, (x[0], *out, count)).astype(np.float32)
    arrays = {"x": random.standard_normal(x).astype(np.float32), "grid": grid}
    node = helper.make_node("GridSample", ["x", "grid"], ["y"], **attributes)
    shapes = {k: [f"{k}{i}" for i in range(v.ndim)] if dynamic else list(v.shape) for k, v in arrays.items()}
    if dynamic:
        shapes["grid"][-1] = count
    return model_of([node], [port(k, np.float32, s) for k, s in shapes.items()], [port("y")], opset=opset), arrays


@pytest.mark.parametrize("aligned", [0, 1])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_samples_of_images(mode: str, padding: str, aligned: int) -> None:
    for dynamic in (False, True):
        model, feeds = sampling(
            (2, 3, 6, 7), (5, 8), mode=mode, padding_mode=padding, align_corners=aligned, dynamic=dynamic
        )
        run_both(model, feeds, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("aligned", [0, 1])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["linear", "nearest"])
def test_samples_of_volumes(mode: str, padding: str, aligned: int) -> None:
    model, feeds = sampling(
        (2, 3, 4, 5, 6),
        (3, 4, 2),
        mode=mode,
        padding_mode=padding,
        align_corners=aligned,
        opset=20,
        dynamic=aligned == 1,
    )
    run_both(model, feeds, rtol=1e-3, atol=1e-4)


def test_cubic_samples_of_volumes_are_refused() -> None:
    model, _ = sampling((1, 1, 3, 3, 3), (2, 2, 2), mode="cubic", opset=20)
    assert "cubic" in refusal(model).problems[0].what


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("aligned", [0, 1])
@pytest.mark.parametrize("spatial", [(4, 5), (3, 4, 2)])
def test_affine_grid(spatial: tuple[int, ...], aligned: int, constant: bool) -> None:
    count = len(spatial)
    theta = np.random.default_rng(3).standard_normal((2, count, count + 1)).astype(np.float32)
    arrays = {"theta": theta, "size": np.array([2, 3, *spatial], np.int64)}
    held = {"size": arrays["size"]} if constant else {}
    node = helper.make_node("AffineGrid", ["theta", "size"], ["y"], align_corners=aligned)
    inputs = [port(k, v.dtype, v.shape) for k, v in arrays.items() if k not in held]
    feeds = {k: v for k, v in arrays.items() if k not in held}
    run_both(model_of([node], inputs, [port("y")], constants=held, opset=20), feeds, reference="onnx")


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize(
    ("image", "block", "attributes"),
    [
        ((5, 6), (2, 3), {}),
        ((7, 8), (3, 2), {"strides": [2, 3], "pads": [1, 0, 1, 2]}),
        ((9, 7), (2, 3), {"dilations": [3, 2]}),
        ((4, 5, 6), (2, 2, 3), {"strides": [1, 2, 1]}),
    ],
)
def test_col2im(
    image: tuple[int, ...], block: tuple[int, ...], attributes: dict[str, list[int]], constant: bool
) -> None:
    count = len(image)
    strides, dilations = (attributes.get(k, [1] * count) for k in ("strides", "dilations"))
    pads = attributes.get("pads", [0] * 2 * count)
    windows = [
        (n + pads[i] + pads[i + count] - dilations[i] * (k - 1) - 1) // strides[i] + 1
        for i, (n, k) in enumerate(zip(image, block, strict=True))
    ]
    x = np.random.default_rng(4).standard_normal((2, 3 * int(np.prod(block)), int(np.prod(windows)))).astype(np.float32)
    arrays: Arrays = {"x": x, "image": np.array(image, np.int64), "block": np.array(block, np.int64)}
    held = {k: arrays[k] for k in ("image", "block")} if constant else {}
    node = helper.make_node("Col2Im", list(arrays), ["y"], **attributes)
    inputs = [port(k, v.dtype, v.shape) for k, v in arrays.items() if k not in held]
    feeds = {k: v for k, v in arrays.items() if k not in held}
    run_both(model_of([node], inputs, [port("y")], constants=held, opset=18), feeds)


def test_image_decoder_is_refused() -> None:
    node = helper.make_node("ImageDecoder", ["x"], ["y"], pixel_format="RGB")
    error = refusal(model_of([node], [port("x", np.uint8, ["n"])], [port("y", np.uint8)], opset=20))
    assert [p.what for p in error.problems] == ["OpenVINO decodes no images"]


def test_all_modes_are_spelled_in_both_ways() -> None:
    for (old, new), aligned in itertools.product((("bilinear", "linear"), ("bicubic", "cubic")), (0, 1)):
        for mode, opset in ((old, 16), (new, 20)):
            run_both(
                *sampling((1, 1, 5, 5), (4, 4), mode=mode, opset=opset, align_corners=aligned), rtol=1e-3, atol=1e-4
            )
