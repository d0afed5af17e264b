"""Testing kit for authors of Dragoman plugins; every public name is here, and is imported when it is first used.

    from dragoman_sdk import LayerCase, onnx_layer

Cases, each with ``check()``:

    LayerCase(model, feeds, expected)        a source model: converted, run in OpenVINO, compared
    RuntimeCase(op, inputs, expected, attrs) an extension op with its runtime op, run by ``dragoman.runtime``
    RuleCase(build, rules)                   a graph on which rules fire, run before and after them
    OffloadCase(model, feeds, offload=[...]) layers that stay in their own framework, run inside OpenVINO
    OpCase(op, inputs, attrs)                one op: inference and ``fold`` against OpenVINO's own
    GraphCase(build, feeds, expected)        a small target graph, run in OpenVINO

Models without their framework:

    caffe_layer(type, {"x": shape}, params)  one layer; CaffeNet(text, blobs) any net; save_net, write_caffemodel
    onnx_layer("domain:Op", {"x": array})    one layer; onnx_bytes(nodes, inputs, outputs) any graph; onnx_node

Numbers: ``run_ir(result_or_xml, feeds)``, ``compare(found, expected)``, ``assert_close(found, expected)``. Conformance:
``PluginConformance``, ``FrontendConformance``, ``OffloadConformance``. Beside them stand the modules
``dragoman_sdk.strategies`` (needs hypothesis), ``dragoman_sdk.contract`` (the checks of conformance as functions) and
``dragoman_sdk.pytest_plugin`` (fixtures ``dragoman_host``, ``plugin_host``, ``convert``, ``golden``).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from dragoman_sdk.caffe_model import (
        CaffeNet,
        StoredLayer,
        caffe_layer,
        mean_binaryproto,
        save_net,
        write_caffemodel,
    )
    from dragoman_sdk.conformance import FrontendConformance, PluginConformance
    from dragoman_sdk.graphcase import GraphCase
    from dragoman_sdk.layercase import LayerCase
    from dragoman_sdk.numerics import Comparison, assert_close, compare, run_ir
    from dragoman_sdk.offloadcase import OffloadCase, OffloadConformance
    from dragoman_sdk.onnx_model import OnnxGraph, OnnxNode, OnnxPort, onnx_bytes, onnx_layer, onnx_node, onnx_port
    from dragoman_sdk.opcase import Const, Input, OpCase, assert_both_refuse, const, tensor
    from dragoman_sdk.rulecase import RuleCase
    from dragoman_sdk.runtimecase import RuntimeCase

_MODULES: dict[str, tuple[str, ...]] = {
    "caffe_model": ("CaffeNet", "StoredLayer", "caffe_layer", "mean_binaryproto", "save_net", "write_caffemodel"),
    "conformance": ("FrontendConformance", "PluginConformance"),
    "graphcase": ("GraphCase",),
    "layercase": ("LayerCase",),
    "numerics": ("Comparison", "assert_close", "compare", "run_ir"),
    "offloadcase": ("OffloadCase", "OffloadConformance"),
    "onnx_model": ("OnnxGraph", "OnnxNode", "OnnxPort", "onnx_bytes", "onnx_layer", "onnx_node", "onnx_port"),
    "opcase": ("Const", "Input", "OpCase", "assert_both_refuse", "const", "tensor"),
    "rulecase": ("RuleCase",),
    "runtimecase": ("RuntimeCase",),
}
_WHERE = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "CaffeNet", "Comparison", "Const", "FrontendConformance", "GraphCase", "Input", "LayerCase", "OffloadCase",
    "OffloadConformance", "OnnxGraph", "OnnxNode", "OnnxPort",
    "OpCase", "PluginConformance", "RuleCase", "RuntimeCase", "StoredLayer", "__version__", "assert_both_refuse",
    "assert_close", "caffe_layer", "compare", "const", "mean_binaryproto", "onnx_bytes", "onnx_layer", "onnx_node",
    "onnx_port", "run_ir", "save_net", "tensor", "write_caffemodel",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    module = _WHERE.get(name)
    if module is None:
        raise AttributeError(f"module 'dragoman_sdk' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"dragoman_sdk.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
