"""Networks rewritten by onnxruntime's own tools (fusions, quantization) and converted like any other."""

from __future__ import annotations

import logging

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")
pytest.importorskip("openvino")

import onnx
import onnxruntime
from zoo import files
from zoo.agreement import assert_agrees
from zoo.catalogue import NETWORKS

pytestmark = pytest.mark.network


def domains(path) -> set[str]:
    return {node.domain for node in onnx.load(str(path), load_external_data=False).graph.node}


@pytest.mark.parametrize("name", ["bert", "gpt2", "vit", "clip_text", "whisper", "mobilenet_v3", "yolo"])
def test_a_network_fused_by_onnxruntime_gives_the_same_numbers(name, tmp_path, runtime):
    net = NETWORKS[name].make(17)
    source = files.write(net, tmp_path / "source.onnx")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "fused.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    assert "com.microsoft" in domains(tmp_path / "fused.onnx")
    assert_agrees(tmp_path / "fused.onnx", net.inputs, net.feeds(), tmp_path, runtime)


def test_bert_with_fused_attention_gives_the_same_numbers(tmp_path, runtime):
    optimizer = pytest.importorskip("onnxruntime.transformers.optimizer")
    net = NETWORKS["bert"].make(17)
    source = files.write(net, tmp_path / "source.onnx")
    logging.disable(logging.WARNING)
    fused = optimizer.optimize_model(str(source), model_type="bert", num_heads=0, hidden_size=0, opt_level=0)
    logging.disable(logging.NOTSET)
    fused.save_model_to_file(str(tmp_path / "fused.onnx"))
    held = {node.op_type for node in fused.model.graph.node if node.domain == "com.microsoft"}
    assert {"Attention", "EmbedLayerNormalization", "SkipLayerNormalization"} <= held
    assert_agrees(tmp_path / "fused.onnx", net.inputs, net.feeds(), tmp_path, runtime)


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_a_network_with_dynamically_quantized_products_gives_the_same_numbers(name, tmp_path, runtime):
    quantization = pytest.importorskip("onnxruntime.quantization")
    net = NETWORKS[name].make(17)
    source = files.write(net, tmp_path / "source.onnx")
    logging.disable(logging.WARNING)
    quantization.quantize_dynamic(str(source), str(tmp_path / "quantized.onnx"))
    logging.disable(logging.NOTSET)
    assert_agrees(tmp_path / "quantized.onnx", net.inputs, net.feeds(), tmp_path, runtime)


def test_bert_with_weights_of_four_bits_gives_the_same_numbers(tmp_path, runtime):
    quantizer = pytest.importorskip("onnxruntime.quantization.matmul_nbits_quantizer")
    net = NETWORKS["bert"].make(17)
    source = files.write(net, tmp_path / "source.onnx")
    logging.disable(logging.WARNING)
    tool = quantizer.MatMulNBitsQuantizer(onnx.load(str(source)), block_size=32, is_symmetric=False)
    tool.process()
    logging.disable(logging.NOTSET)
    onnx.save(tool.model.model, str(tmp_path / "quantized.onnx"))
    assert "com.microsoft" in domains(tmp_path / "quantized.onnx")
    assert_agrees(tmp_path / "quantized.onnx", net.inputs, net.feeds(), tmp_path, runtime)
