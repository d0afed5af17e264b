"""Networks as torch.onnx writes them, through its two exporters: converted, run, compared with onnxruntime."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="torch is not installed: nothing can be exported")
pytest.importorskip("onnxscript", reason="onnxscript is not installed: torch.onnx needs it")
pytest.importorskip("onnxruntime")
pytest.importorskip("openvino")

from zoo.agreement import assert_agrees
from zoo.torch_export import NETWORKS, export

pytestmark = pytest.mark.network

CASES = [
    pytest.param(name, exporter, opset, id=f"{name}-{exporter}-{opset}")
    for name, network in NETWORKS.items()
    for exporter in ("torchscript", "dynamo")
    for opset in getattr(network, exporter)
]


@pytest.mark.parametrize("name, exporter, opset", CASES)
def test_exported_network_gives_the_numbers_of_onnxruntime(name, exporter, opset, tmp_path, runtime):
    network = NETWORKS[name]
    model = export(network, tmp_path / "source.onnx", exporter, opset)
    assert_agrees(model, network.inputs, network.feeds(), tmp_path, runtime)
