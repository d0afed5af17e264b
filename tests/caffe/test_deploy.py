"""A training net's text as it is deployed: data layers are inputs, losses and accuracies go."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.caffe.reading import source_graph
from tests.caffe.support import Fixture, assert_close, run_model

from dragoman.graph.types import Interval

DATA = 'layer {{ name: "d" type: "{}" top: "data" top: "label" {} }}\n'
CONV = 'layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 2 } }\n'
LOSS = 'layer { name: "l" type: "SoftmaxWithLoss" bottom: "c" bottom: "label" top: "loss" }\n'
ANY = Interval()


def ports(text: str, **options: object) -> tuple[dict[str, object], list[str]]:
    graph = source_graph(text, **options)
    return {v.label: v.shape for v in graph.inputs}, [graph.names_of_output(k)[0] for k in range(len(graph.outputs))]


@pytest.mark.parametrize("name", ["trainval_lenet", "trainval_cifar_bn"])
def test_real_training_nets_lose_what_serves_training(shared: Path, name: str) -> None:
    fixture = Fixture(shared, name)
    graph = source_graph(fixture.folder / "model.caffemodel", input_proto=fixture.folder / "deploy.prototxt")
    assert [v.label for v in graph.inputs] == ["data"]
    assert not {"Accuracy", "SoftmaxWithLoss"} & {node.op for node in graph}


@pytest.mark.parametrize("kind, parameters, shape", [
    ("Data", "data_param { batch_size: 4 } transform_param { crop_size: 9 mean_value: 1 mean_value: 2 mean_value: 3 }",
     (4, 3, 9, 9)),
    ("ImageData", ("image_data_param { batch_size: 2 new_height: 5 new_width: 6 } "
     "transform_param { mean_value: 1 mean_value: 2 }"), (2, 2, 5, 6)),
    ("Data", "data_param { batch_size: 4 } transform_param { crop_size: 9 }", None),
    ("HDF5Data", "hdf5_data_param { batch_size: 4 }", None),
    ("Data", "transform_param { mean_value: 1 mean_value: 2 mean_value: 3 }", (ANY, 3, ANY, ANY)),
])  # fmt: skip
def test_the_input_has_the_shape_that_the_text_tells(kind: str, parameters: str, shape: object) -> None:
    inputs, outputs = ports(DATA.format(kind, parameters) + CONV + LOSS)
    assert inputs == {"data": shape}
    assert outputs == ["c"]


def test_labels_stay_where_something_else_reads_them() -> None:
    more = 'layer { name: "s" type: "Scale" bottom: "c" bottom: "label" top: "s" scale_param { axis: 0 } }\n'
    inputs, outputs = ports(DATA.format("Data", "data_param { batch_size: 4 }") + CONV + more + LOSS)
    assert list(inputs) == ["data", "label"]
    assert inputs["label"] == (4,)
    assert outputs == ["s"]


@pytest.mark.parametrize("wanted", ["loss", "l"])
def test_a_loss_that_is_asked_for_stays(wanted: str) -> None:
    inputs, outputs = ports(DATA.format("Data", "data_param { batch_size: 4 }") + CONV + LOSS, outputs=[wanted])
    assert list(inputs) == ["data", "label"]
    assert outputs == ["loss"]


def test_a_net_without_a_database_keeps_its_losses() -> None:
    text = (
        'layer { name: "d" type: "Input" top: "data" top: "label" input_param { shape { dim: 1 dim: 2 } '
        'shape { dim: 1 } } }\nlayer { name: "l" type: "SoftmaxWithLoss" bottom: "data" bottom: "label" top: "loss" }'
    )
    assert ports(text)[1] == ["loss"]


def test_layers_that_only_feed_a_loss_go_with_it() -> None:
    more = 'layer { name: "e" type: "Power" bottom: "label" top: "e" }\n'
    loss = 'layer { name: "l2" type: "EuclideanLoss" bottom: "c" bottom: "e" top: "l2" }\n'
    inputs, outputs = ports(DATA.format("Data", "data_param { batch_size: 4 }") + CONV + more + loss)
    assert (list(inputs), outputs) == (["data"], ["c"])


def test_a_shape_given_for_a_label_keeps_what_reads_it(shared: Path) -> None:
    fixture = Fixture(shared, "trainval_lenet")
    feeds = fixture.feeds()
    shapes = {blob: ",".join(map(str, array.shape)) for blob, array in feeds.items()}
    found = run_model(fixture.convert(shapes=shapes), feeds)
    for blob, expected in fixture.outputs().items():
        assert_close(found[blob], expected, blob)
