"""Resize and Upsample."""

from __future__ import annotations

import numpy as np
from tests.onnx.differential.draw import Case, Draw, i64, maker


@maker
def upsample(d: Draw) -> Case:
    spatial = d.pick([1, 2, 2, 3])
    mode = d.pick(["nearest", "linear"]) if spatial == 2 else "nearest"
    x = d.floats([1, 2, *d.ints(spatial, 1, 5)])
    scales = [1.0, 1.0, *[d.pick([1.0, 2.0, 3.0, 1.5]) for _ in range(spatial)]]
    opset = d.pick([7, 9])
    if opset == 7:
        return Case("Upsample", [x], {"mode": mode, "scales": scales}, opset=7)
    return Case("Upsample", [x, np.array(scales, np.float32)], {"mode": mode}, opset=9)


@maker
def resize10(d: Draw) -> Case:
    spatial = d.pick([2, 2, 1, 3])
    mode = d.pick(["nearest", "linear"]) if spatial == 2 else "nearest"
    x = d.floats([1, 2, *d.ints(spatial, 1, 5)])
    scales = [1.0, 1.0, *[d.pick([0.5, 0.6, 1.0, 2.0, 3.0, 1.5]) for _ in range(spatial)]]
    return Case("Resize", [x, np.array(scales, np.float32)], {"mode": mode}, opset=10)


@maker
def resize(d: Draw) -> Case:
    opset = d.pick([11, 13, 18, 19])
    spatial = d.pick([1, 2, 2, 2, 3])
    mode = d.pick(["nearest", "linear", "cubic"] if spatial < 3 else ["nearest", "linear"])
    ways = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"]
    if opset >= 19:
        ways.append("half_pixel_symmetric")
    if opset == 11 and mode == "nearest":
        ways.append("tf_half_pixel_for_nn")
    if spatial == 3:  # of the others onnxruntime and the specification's reference disagree in three dimensions
        ways = ["half_pixel", "pytorch_half_pixel", "asymmetric"]
    attributes: dict[str, object] = {"mode": mode}
    if d.chance(0.85):
        attributes["coordinate_transformation_mode"] = d.pick(ways)
    if mode == "nearest" and d.chance(0.7):
        attributes["nearest_mode"] = d.pick(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    if mode == "cubic":
        if d.chance():
            attributes["cubic_coeff_a"] = d.pick([-0.5, -0.75])
        if d.chance(0.3):
            attributes["exclude_outside"] = 1
    if opset >= 18 and mode != "nearest" and d.chance(0.3):
        attributes["antialias"] = 1
    crop = attributes.get("coordinate_transformation_mode") == "tf_crop_and_resize"
    if attributes.get("coordinate_transformation_mode") == "align_corners" and attributes.get("mode"):
        attributes["whole"] = True
    if crop and d.chance(0.5):
        attributes["extrapolation_value"] = 10.0
    lead = [1, d.int(1, 2)] if d.chance(0.85) or spatial == 3 else []
    x = d.floats([*lead, *d.ints(spatial, 2, 6)])
    places = list(range(len(lead), x.ndim))
    return _scaled(d, x, places, attributes, opset, crop)


def _scaled(d: Draw, x: np.ndarray, places: list[int], attributes: dict[str, object], opset: int, crop: bool) -> Case:
    by_axes = opset >= 18 and d.chance(0.4)
    axes = places if by_axes else list(range(x.ndim))
    if by_axes:
        attributes["axes"] = axes
    # of lengths that are not whole, onnxruntime aligns the corners of what is left of them
    choices = [1.0, 2.0, 3.0] if attributes.pop("whole", False) else [0.5, 0.6, 0.8, 1.0, 1.3, 2.0, 2.5, 3.0]
    scales = [d.pick(choices) if a in places else 1.0 for a in axes]
    roi: np.ndarray | None = None
    if crop:
        starts = [round(d.random.uniform(0, 0.4), 2) if a in places else 0.0 for a in axes]
        ends = [round(d.random.uniform(0.6, 1.1), 2) if a in places else 1.0 for a in axes]
        roi = np.array(starts + ends, np.float32)
    if d.chance():
        sizes = [max(1, int(x.shape[a] * s)) for a, s in zip(axes, scales, strict=True)]
        if opset >= 18 and d.chance(0.3) and not crop and by_axes:
            attributes["keep_aspect_ratio_policy"] = d.pick(["not_larger", "not_smaller", "stretch"])
        if opset == 11:
            return Case("Resize", [x, roi if crop else np.zeros(0, np.float32), np.zeros(0, np.float32), i64(*sizes)],
                        attributes, opset=opset, rtol=1e-3, atol=1e-4, held=[1, 2])  # fmt: skip
        return Case("Resize", [x, roi, None, i64(*sizes)], attributes, opset=opset, rtol=1e-3, atol=1e-4)
    if opset == 11 and not crop:
        roi = np.zeros(0, np.float32)
    held = [] if d.chance(0.3) else [2]
    return Case("Resize", [x, roi, np.array(scales, np.float32)], attributes, opset=opset, rtol=1e-3, atol=1e-4,
                held=held)  # fmt: skip
