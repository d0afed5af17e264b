"""Nets of older versions become what real Caffe makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.caffe.reading import fault, net_of, output_names, source_graph, upgraded
from tests.caffe.support import Fixture

from dragoman.errors import SourceError

TEXTS = (
    "NetUpgradeTest_TestAllParams_input_proto", "NetUpgradeTest_TestImageNet_v0_proto",
    "NetUpgradeTest_TestSimple_v0_proto", "PaddingLayerUpgradeTest_TestImageNet_input_proto",
    "PaddingLayerUpgradeTest_TestSimple_input_proto", "PaddingLayerUpgradeTest_TestTwoTops_input_proto",
)  # fmt: skip


def plain(value: Any) -> Any:
    """Without the classes and places of messages."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", TEXTS)
def test_upgraded_as_caffe_does(shared: Path, name: str) -> None:
    folder = shared / "fixtures" / "caffe" / "upgrade_texts"
    given = (folder / f"{name}.prototxt").read_text(encoding="utf-8")
    expected = (folder / f"{name}.prototxt.upgraded").read_text(encoding="utf-8")
    assert plain(upgraded(given)) == plain(net_of(expected)[1]["layer"])


@pytest.mark.parametrize(
    "name", ["NetUpgradeTest_TestSimple_expected_v1_proto", "NetUpgradeTest_TestImageNet_expected_v1_proto"]
)
def test_v1_upgraded_as_caffe_does(shared: Path, name: str) -> None:
    folder = shared / "fixtures" / "caffe" / "upgrade_texts"
    given = (folder / f"{name}.prototxt").read_text(encoding="utf-8")
    expected = (folder / f"{name.replace('v1', 'v2')}.prototxt").read_text(encoding="utf-8")
    assert plain(upgraded(given)) == plain(net_of(expected)[1]["layer"])


def test_fields_of_v1_params_become_specs() -> None:
    (layer,) = upgraded(
        'layers { name: "c" type: CONVOLUTION param: "w" param: "b" blob_share_mode: STRICT blobs_lr: 1 blobs_lr: 2 '
        "weight_decay: 0.5 }"
    )
    assert layer["param"] == [
        {"name": "w", "share_mode": "STRICT", "lr_mult": 1.0, "decay_mult": 0.5},
        {"name": "b", "lr_mult": 2.0},
    ]
    assert not {"blobs_lr", "blob_share_mode", "weight_decay"} & set(layer)


def test_transform_fields_of_early_data_layers_move() -> None:
    (layer,) = upgraded('layers { name: "d" type: DATA data_param { scale: 0.5 crop_size: 9 batch_size: 3 } }')
    assert layer["transform_param"] == {"scale": 0.5, "crop_size": 9}
    assert layer["data_param"] == {"batch_size": 3}


@pytest.mark.parametrize("header", [
    'input: "a" input: "b" input_shape { dim: 1 dim: 2 } input_shape { dim: 3 }',
    'input: "a" input_shape { dim: 1 dim: 2 } input: "b" input_shape { dim: 3 }',
])  # fmt: skip
def test_inputs_with_shapes(header: str) -> None:
    graph = source_graph(header + ' layer { name: "c" type: "Concat" bottom: "a" bottom: "b" top: "c" }')
    assert [(v.label, v.shape) for v in graph.inputs] == [("a", (1, 2)), ("b", (3,))]


def test_inputs_with_four_dimensions_each() -> None:
    graph = source_graph(
        'input: "a" input_dim: 1 input_dim: 2 input_dim: 3 input_dim: 4 '
        'input: "b" input_dim: 5 input_dim: 6 input_dim: 7 input_dim: 8 '
        'layer { name: "c" type: "Concat" bottom: "a" bottom: "b" top: "c" }'
    )
    assert [(v.label, v.shape) for v in graph.inputs] == [("a", (1, 2, 3, 4)), ("b", (5, 6, 7, 8))]


@pytest.mark.parametrize(
    "name", ["hdr_input_at_end", "hdr_input_shape", "hdr_input_shape_two", "force_backward_header"]
)
def test_headers_of_real_nets(shared: Path, name: str) -> None:
    fixture = Fixture(shared, name)
    graph = source_graph(fixture.folder / "model.caffemodel", input_proto=fixture.folder / "deploy.prototxt")
    assert {v.label: list(v.shape or ()) for v in graph.inputs} == {
        blob: about["shape"] for blob, about in fixture.meta["inputs"].items()
    }


@pytest.mark.parametrize("text, code, what", [
    ('layer { name: "a" type: "ReLU" } layers { name: "b" type: RELU }', "D210", "both 'layer' and 'layers'"),
    ('layers { layer { name: "a" type: "frob" } }', "D207", "'frob' is not a layer type of V0"),
    ('layers { layer { name: "a" type: "relu" num_output: 3 } }', "D210", "'num_output' is no field"),
    ('layers { name: "a" type: RELUU }', "D207", "'RELUU' is not one of type's words"),
    ('input: "a" input_dim: 1 input_dim: 2 input_dim: 3 layer { name: "a" type: "ReLU" }', "D210", "1 inputs"),
    ('input: "a" input: "b" input_shape { dim: 1 } layer { name: "a" type: "ReLU" }', "D210", "2 inputs"),
    (('layers { layer { type: "padding" pad: 1 } bottom: "x" top: "p" } '
     'layers { layer { name: "r" type: "relu" } bottom: "p" top: "r" }'), "D210", "padding layer feeds 'relu'"),
])  # fmt: skip
def test_what_caffe_does_not_take_is_refused(text: str, code: str, what: str) -> None:
    with pytest.raises(SourceError, match=what) as caught:
        upgraded(text)
    assert caught.value.code == code
    assert "line 1" in caught.value.where


@pytest.mark.parametrize("name", ["v0_net", "v1_many_types", "v2_prototxt_v1_model"])
def test_outputs_of_old_nets_are_those_of_caffe(shared: Path, name: str) -> None:
    fixture = Fixture(shared, name)
    found = output_names(fixture.folder / "model.caffemodel", input_proto=fixture.folder / "deploy.prototxt")
    assert found == sorted(fixture.meta["outputs"])


def test_a_mixture_of_v0_and_v1_is_refused() -> None:
    text = (
        'layers { layer { name: "a" type: "relu" } bottom: "x" top: "y" } '
        'layers { name: "b" type: RELU bottom: "y" top: "z" }'
    )
    assert fault(text).code == "D210"
