"""Where OpenCV's ``dnn`` module is known to compute something else than Caffe, or was never held against it.

Seen in runs of OpenCV 4.14 on models with Caffe's own outputs: ``docs/data/caffe-opencv-differences.toml`` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dragoman.graph.graph import Node

Rule = Callable[[Mapping[str, Any]], str]
#: types whose numbers were seen to be Caffe's
HELD_AGAINST_CAFFE = frozenset({
    "AbsVal", "BNLL", "BatchNorm", "Concat", "Convolution", "Crop", "Deconvolution", "Dropout", "ELU", "Eltwise",
    "Exp", "Flatten", "InnerProduct", "LRN", "Log", "MVN", "PReLU", "Pooling", "Power", "ReLU", "Reshape", "Scale",
    "ShuffleChannel", "Sigmoid", "Silence", "Slice", "Softmax", "Split", "Swish", "TanH",
})  # fmt: skip
#: types of forks whose numbers are those of a conversion that follows the fork's source
HELD_AGAINST_CONVERSION = frozenset({
    "DetectionOutput", "Interp", "Normalize", "PSROIPooling", "Permute", "PriorBox", "ROIPooling", "ReLU6", "Reorg",
})  # fmt: skip


def difference(node: Node) -> str:
    """Why OpenCV's numbers for a layer may not be Caffe's; empty where they are."""
    if node.op not in HELD_AGAINST_CAFFE | HELD_AGAINST_CONVERSION:
        return "this type was never held against Caffe"
    rule = RULES.get(node.op)
    return rule(node.attrs) if rule is not None else ""


def _window(message: str) -> Rule:
    """A measure of one axis alone is not read."""

    def rule(attrs: Mapping[str, Any]) -> str:
        for measure in ("kernel", "stride", "pad"):
            if (f"{message}.{measure}_h" in attrs) != (f"{message}.{measure}_w" in attrs):
                return f"it reads {measure}_h and {measure}_w only together"
        return ""

    return rule


def _pooling(attrs: Mapping[str, Any]) -> str:
    """MAX of a window that lies outside of the input, which Caffe gives -FLT_MAX."""
    kind = attrs.get("pooling_param.pool", "MAX")
    if kind == "STOCHASTIC":
        return "stochastic pooling"
    if attrs.get("pooling_param.global_pooling"):
        return ""
    floor = attrs.get("pooling_param.round_mode") == "FLOOR" or attrs.get("pooling_param.ceil_mode") is False
    for axis in "hw":
        kernel, stride, pad = (
            attrs.get(f"pooling_param.{n}_{axis}", attrs.get(f"pooling_param.{long}", default))
            for n, long, default in (("kernel", "kernel_size", 1), ("stride", "stride", 1), ("pad", "pad", 0))
        )
        if (
            kind == "MAX"
            and stride > kernel
            and not pad
            and not floor
            and not attrs.get("pooling_param.global_pooling")
        ):
            return "windows may lie outside of the input, and it gives them another value"
    return _window("pooling_param")(attrs)


def _given(key: str, default: Any, why: str) -> Rule:
    return lambda attrs: why if attrs.get(key, default) != default else ""


def _prior_box(attrs: Mapping[str, Any]) -> str:
    for field in ("img_size", "img_h", "img_w", "fixed_size", "fixed_ratio", "density"):
        if f"prior_box_param.{field}" in attrs:
            return f"it does not read {field}"
    return ""


RULES: dict[str, Rule] = {
    "Convolution": _window("convolution_param"),
    "Deconvolution": _window("convolution_param"),
    "Pooling": _pooling,
    "PriorBox": _prior_box,
    "InnerProduct": _given("inner_product_param.transpose", False, "it does not read transpose"),
    "Log": _given("log_param.base", -1.0, "it does not read base"),
    "MVN": _given("mvn_param.eps", 1e-9, "it adds eps to the variance, Caffe to the deviation"),
    "BatchNorm": _given("batch_norm_param.use_global_stats", True, "statistics of the batch"),
}
