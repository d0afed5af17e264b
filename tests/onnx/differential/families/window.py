"""Convolutions, pools and what slides over an image."""

from __future__ import annotations

import numpy as np
from tests.onnx.differential.draw import Case, Draw, maker


def _window(d: Draw, spatial: int, kernel: list[int], *, dilated: bool = True) -> dict[str, object]:
    """Random strides, dilations and pads of a kernel."""
    attributes: dict[str, object] = {}
    if d.chance(0.6):
        attributes["strides"] = d.ints(spatial, 1, 3)
    if dilated and d.chance(0.4):
        attributes["dilations"] = d.ints(spatial, 1, 2)
    how = d.pick(["none", "pads", "pads", "pads", "auto"])
    if how == "pads":
        attributes["pads"] = [d.int(0, k - 1) for k in kernel * 2]
    elif how == "auto":
        attributes["auto_pad"] = d.pick(["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"])
        if str(attributes["auto_pad"])[0] == "S":
            attributes.pop("dilations", None)  # onnxruntime's pools leave them out of the sizes
    return attributes


def _image(d: Draw, spatial: int, channels: int, low: int = 4) -> list[int]:
    return [d.int(1, 3), channels, *d.ints(spatial, low, 9)]


@maker
def convolution(d: Draw) -> Case:
    spatial, groups = d.pick([1, 2, 2, 3]), d.pick([1, 1, 2, 3])
    kernel = d.ints(spatial, 1, 3)
    inner, outer = d.int(1, 3), d.int(1, 3)
    attributes = _window(d, spatial, kernel)
    if groups > 1 or d.chance(0.2):
        attributes["group"] = groups
    if d.chance():
        attributes["kernel_shape"] = kernel
    x = d.floats(_image(d, spatial, inner * groups))
    w = d.floats([outer * groups, inner, *kernel])
    b = d.floats([outer * groups]) if d.chance() else None
    return Case("Conv", [x, w, b], attributes, opset=d.pick([7, 11, 17, 22]), rtol=3e-4, atol=1e-4)


@maker
def convolution_transpose(d: Draw) -> Case:
    spatial, groups = d.pick([1, 2, 2, 3]), d.pick([1, 1, 2])
    kernel = d.ints(spatial, 1, 3)
    inner, outer = d.int(1, 3), d.int(1, 3)
    attributes = _window(d, spatial, kernel)
    strides = attributes.get("strides", [1] * spatial)
    assert isinstance(strides, list)
    x = d.floats(_image(d, spatial, inner * groups, 2))
    if d.chance(0.3):
        attributes["output_padding"] = [d.int(0, s - 1) for s in strides]
    if d.chance(0.25):
        attributes.pop("output_padding", None) if d.chance() else None
        attributes.pop("pads", None)
        attributes["output_shape"] = [
            n * s + d.int(-1, 1) if "auto_pad" not in attributes else n * s
            for n, s in zip(x.shape[2:], strides, strict=True)
        ]
    if groups > 1:
        attributes["group"] = groups
    if d.chance():
        attributes["kernel_shape"] = kernel
    w = d.floats([inner * groups, outer, *kernel])
    b = d.floats([outer * groups]) if d.chance() else None
    return Case("ConvTranspose", [x, w, b], attributes, opset=d.pick([7, 11, 22]), rtol=3e-4, atol=1e-4)


@maker
def convolution_integer(d: Draw) -> Case:
    kernel = d.ints(2, 1, 3)
    kind, other = d.pick(["uint8", "int8"]), d.pick(["uint8", "int8"])
    outer = d.int(1, 3)
    inputs = [d.wide(_image(d, 2, 2), kind), d.wide([outer, 2, *kernel], other)]
    if d.chance(0.7):
        inputs.append(d.wide([], kind))
        if d.chance():
            inputs.append(d.wide(d.pick([[], [outer]]), other))
    if inputs[0].dtype == np.int8 or inputs[1].dtype != np.uint8:
        reference = "onnx" if len(inputs) < 4 or inputs[3].ndim == 0 else "ort"
    else:
        reference = "ort"
    return Case("ConvInteger", inputs, _window(d, 2, kernel), opset=10, reference=reference)


@maker
def max_pool(d: Draw) -> Case:
    spatial = d.pick([1, 2, 2, 3])
    kernel = d.ints(spatial, 1, 3)
    opset = d.pick([7, 8, 10, 11, 12, 22])
    attributes = _window(d, spatial, kernel, dilated=opset >= 10) | {"kernel_shape": kernel}
    if opset >= 10 and d.chance():
        attributes["ceil_mode"] = 1
    outputs = 2 if opset >= 8 and d.chance(0.35) else 1
    if outputs == 2 and d.chance():
        attributes["storage_order"] = d.int(0, 1)
    if opset >= 12 and d.chance(0.2) and outputs == 1:
        x = d.wide(_image(d, spatial, 2), d.pick(["int8", "uint8"]))
    else:
        x = d.floats(_image(d, spatial, 2))
        if d.chance(0.3):
            x = np.round(x)
    return Case("MaxPool", [x], attributes, outputs, opset=opset)


@maker
def average_pool(d: Draw) -> Case:
    spatial = d.pick([1, 2, 2, 3])
    kernel = d.ints(spatial, 1, 3)
    opset = d.pick([7, 10, 11, 19, 22])
    attributes = _window(d, spatial, kernel, dilated=opset >= 19) | {"kernel_shape": kernel}
    if opset >= 10 and d.chance():
        attributes["ceil_mode"] = 1
    if d.chance():
        attributes["count_include_pad"] = 1
    return Case("AveragePool", [d.floats(_image(d, spatial, 2))], attributes, opset=opset)


@maker
def lp_pool(d: Draw) -> Case:
    spatial = d.pick([1, 2, 2, 3])
    kernel = d.ints(spatial, 1, 3)
    opset = d.pick([2, 11, 18, 22])
    attributes = _window(d, spatial, kernel, dilated=opset >= 18) | {"kernel_shape": kernel}
    if opset >= 18 and d.chance():
        attributes["ceil_mode"] = 1
    if d.chance():
        attributes["p"] = d.int(1, 3)
    return Case("LpPool", [d.floats(_image(d, spatial, 2))], attributes, opset=opset, rtol=3e-4)


@maker
def global_pool(d: Draw) -> Case:
    op = d.pick(["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"])
    attributes = {"p": d.int(1, 3)} if op == "GlobalLpPool" and d.chance() else {}
    x = d.floats(_image(d, d.int(1, 3), d.int(1, 3), 1))
    return Case(op, [x], attributes, opset=d.pick([7, 17, 22]), rtol=3e-4)


@maker
def max_unpool(d: Draw) -> Case:
    kernel = d.ints(2, 1, 2)
    x = d.floats([1, 1, 2, 2])
    sizes = [2 * k for k in kernel]
    indices = d.random.permutation(sizes[0] * sizes[1])[:4].reshape(1, 1, 2, 2)
    inputs = [x, indices]
    if d.chance(0.4):
        inputs.append(np.array([1, 1, sizes[0] + d.int(0, 2), sizes[1] + d.int(0, 2)], np.int64))
    return Case("MaxUnpool", inputs, {"kernel_shape": kernel, "strides": kernel}, opset=d.pick([9, 11, 22]),
                reference="onnx")  # fmt: skip


@maker
def column_image(d: Draw) -> Case:
    kernel = d.ints(2, 1, 3)
    image = d.ints(2, 3, 6)
    count = (image[0] - kernel[0] + 1) * (image[1] - kernel[1] + 1)
    x = d.floats([2, 2 * kernel[0] * kernel[1], count])
    return Case("Col2Im", [x, np.array(image), np.array(kernel)], {}, opset=18, held=[1, 2])


@maker
def depth_space(d: Draw) -> Case:
    block = d.int(1, 3)
    if d.chance():
        shape = [d.int(1, 2), d.int(1, 3) * block * block, d.int(1, 3), d.int(1, 3)]
        opset = d.pick([1, 11, 13])
        attributes: dict[str, object] = {"mode": d.pick(["DCR", "CRD"])} if opset > 1 and d.chance(0.7) else {}
        return Case("DepthToSpace", [d.floats(shape)], {"blocksize": block, **attributes}, opset=opset)
    shape = [d.int(1, 2), d.int(1, 3), d.int(1, 3) * block, d.int(1, 3) * block]
    return Case("SpaceToDepth", [d.floats(shape)], {"blocksize": block}, opset=d.pick([1, 13]))


@maker
def grid_sample(d: Draw) -> Case:
    opset = d.pick([16, 20, 22])
    modes = ["bilinear", "nearest", "bicubic"] if opset < 20 else ["linear", "nearest", "cubic"]
    spatial = 2 if opset < 20 or d.chance(0.7) else 3
    x = d.floats([2, 2, *d.ints(spatial, 2, 5)])
    grid = d.floats([2, *d.ints(spatial, 1, 4), spatial], scale=0.8)
    attributes: dict[str, object] = {}
    for name, choices in (
        ("mode", modes[: 2 if spatial == 3 else 3]),
        ("padding_mode", ["zeros", "border", "reflection"]),
        ("align_corners", [0, 1]),
    ):
        if d.chance(0.8):
            attributes[name] = d.pick(choices)
    return Case("GridSample", [x, grid], attributes, opset=opset, rtol=1e-3, atol=1e-3)


@maker
def roi_align(d: Draw) -> Case:
    count = d.int(1, 4)
    corner = np.abs(d.floats([count, 2], scale=3))
    rois = np.concatenate([corner, corner + np.abs(d.floats([count, 2], scale=4)) + 0.5], axis=1).astype(np.float32)
    opset = d.pick([10, 16, 22])
    attributes: dict[str, object] = {"sampling_ratio": d.int(0, 3)} if d.chance(0.8) else {}
    if d.chance(0.8):
        attributes |= {"output_height": d.int(1, 4), "output_width": d.int(1, 4)}
    if d.chance(0.6):
        attributes["spatial_scale"] = d.pick([1.0, 0.5, 0.25])
    if d.chance(0.5):
        attributes["mode"] = d.pick(["avg", "max"])
    if opset >= 16 and d.chance(0.6):
        attributes["coordinate_transformation_mode"] = d.pick(["half_pixel", "output_half_pixel"])
    return Case(
        "RoiAlign", [d.floats([2, 3, 8, 8]), rois, d.whole([count], "int64", 0, 1)], attributes, opset=opset,
    )  # fmt: skip


@maker
def lrn(d: Draw) -> Case:
    attributes: dict[str, object] = {"size": d.int(1, 6)}
    for name, choices in (("alpha", [1e-4, 0.5, 1.0]), ("beta", [0.75, 0.5, 1.0]), ("bias", [1.0, 2.0])):
        if d.chance():
            attributes[name] = d.pick(choices)
    x = d.floats(_image(d, d.pick([2, 2, 2, 1, 3]), d.int(1, 6), 1))
    return Case("LRN", [x], attributes, opset=d.pick([1, 13]), rtol=3e-4)
