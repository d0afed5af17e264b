"""Whole topologies, hand-written at several opsets: converted, run in OpenVINO, compared with onnxruntime."""

from __future__ import annotations

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")
pytest.importorskip("openvino")

from zoo import files
from zoo.agreement import assert_agrees
from zoo.catalogue import NETWORKS

pytestmark = pytest.mark.network

CASES = [pytest.param(name, opset, id=f"{name}-{opset}") for name, entry in NETWORKS.items() for opset in entry.opsets]


@pytest.mark.parametrize("name, opset", CASES)
def test_hand_written_network_gives_the_numbers_of_onnxruntime(name, opset, tmp_path, runtime):
    net = NETWORKS[name].make(opset)
    model = files.write(net, tmp_path / "source.onnx")
    assert_agrees(model, net.inputs, net.feeds(), tmp_path, runtime)


def test_weights_beside_the_model_give_the_same_numbers(tmp_path, runtime):
    net = NETWORKS["decoder"].make(17)
    model = files.write(net, tmp_path / "source.onnx", external="weights.bin")
    assert (tmp_path / "weights.bin").stat().st_size > 0.9 * net.weight_bytes
    assert_agrees(model, net.inputs, net.feeds(), tmp_path, runtime)
