"""How layers are wired: in-place layers, names, shared weights, and which blobs are the net's outputs."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.caffe.reading import fault, output_names, source_graph
from tests.caffe.support import Fixture, assert_close, inputs, layer, refusal, run_net

from dragoman.errors import DragomanError
from dragoman.graph.graph import INPUT, Graph
from dragoman_caffe.weights import Blob
from dragoman_sdk.caffe_model import StoredLayer, save_net

X = inputs(x=(1, 3, 4, 4))


def wiring(graph: Graph) -> dict[str, list[str]]:
    """Layer name -> the nodes it reads."""
    return {n.name: [v.producer.name for v in n.inputs] for n in graph if n.op != INPUT}


def outputs(graph: Graph) -> list[str]:
    return [graph.names_of_output(k)[0] for k in range(len(graph.outputs))]


def test_later_readers_of_a_blob_see_the_last_in_place_layer() -> None:
    text = (
        X + layer("Power", "x", "a", name="p") + layer("ReLU", "a", "a", name="r") + layer("TanH", "a", "b", name="t")
    )
    graph = source_graph(text)
    found = wiring(graph)
    assert (found["r"], found["t"]) == (["p"], ["r"])
    assert outputs(graph) == ["b"]


def test_an_in_place_layer_at_the_end_is_the_output_of_its_blob() -> None:
    graph = source_graph(X + layer("Power", "x", "a", name="p") + layer("ReLU", "a", "a", name="r"))
    assert outputs(graph) == ["a"]
    assert graph.outputs[0].producer.name == "r"


def test_an_in_place_layer_on_an_input_leaves_the_input_its_name() -> None:
    graph = source_graph(X + layer("ReLU", "x", "x", name="r") + layer("TanH", "x", "t", name="t"))
    assert [v.label for v in graph.inputs] == ["x"]
    assert wiring(graph)["t"] == ["r"]


def test_outputs_are_what_nothing_reads_in_the_order_of_the_alphabet() -> None:
    text = X + "".join(layer("ReLU", "x", top, name=f"l{top}") for top in ("b", "Z", "a", "é", "a10", "a9", "_"))
    assert outputs(source_graph(text)) == ["Z", "_", "a", "a10", "a9", "b", "é"]


def test_tops_that_nothing_reads_are_outputs_and_silenced_ones_are_not() -> None:
    text = X + layer("Slice", "x", "c a b", name="s") + layer("Silence", "a", "", name="q")
    assert outputs(source_graph(text)) == ["b", "c"]


def test_an_input_that_nothing_reads_is_an_output_as_in_caffe() -> None:
    graph = source_graph(inputs(x=(1, 3), y=(1, 2)) + layer("ReLU", "x", "z"))
    assert [v.label for v in graph.inputs] == ["x", "y"]
    assert outputs(graph) == ["y", "z"]


def test_layers_without_names_are_called_after_their_blob() -> None:
    graph = source_graph(X + 'layer { type: "ReLU" bottom: "x" top: "a" } layer { type: "TanH" bottom: "a" top: "b" }')
    assert list(wiring(graph)) == ["a", "b"]


def test_layers_of_one_name_without_weights_are_kept_apart() -> None:
    graph = source_graph(X + layer("ReLU", "x", "a", name="l") + layer("TanH", "a", "b", name="l"))
    assert list(wiring(graph)) == ["l", "l_2"]


def test_layers_of_one_name_with_weights_are_refused(tmp_path: Path) -> None:
    text = X + layer("Scale", "x", "a", name="l") + layer("Scale", "a", "b", name="l")
    _, model = save_net(tmp_path, text, {"l": [np.ones(3)]})
    error = fault(model)
    assert error.code == "D210"
    assert "'l'" in error.what


@pytest.mark.parametrize("twice", [False, True])
def test_weights_of_one_name_twice_are_refused_only_when_used(tmp_path: Path, twice: bool) -> None:
    stored = [StoredLayer("l", [np.ones(3)]), StoredLayer("m", [np.ones(3)]), StoredLayer("m", [np.zeros(3)])]
    text = X + layer("Scale", "x", "a", name="m" if twice else "l")
    _, model = save_net(tmp_path, text, stored)
    if twice:
        assert fault(model).code == "D210"
    else:
        assert outputs(source_graph(model)) == ["a"]


def stored_blobs(graph: Graph, name: str) -> list[Blob]:
    return next(n.attrs["blobs"] for n in graph if n.name == name)


def test_a_named_param_is_one_blob_and_the_last_stored_counts(tmp_path: Path) -> None:
    shared = 'param { name: "w" }'
    text = X + layer("Scale", "x", "a", shared, name="one") + layer("Scale", "a", "b", shared, name="two")
    _, model = save_net(tmp_path, text, {"one": [np.full(3, 1.0)], "two": [np.full(3, 2.0)]})
    graph = source_graph(model)
    for name in ("one", "two"):
        np.testing.assert_array_equal(stored_blobs(graph, name)[0].tensor.numpy(), [2, 2, 2])


def test_a_named_param_that_only_one_layer_stores_is_given_to_both(tmp_path: Path) -> None:
    shared = 'param { name: "w" }'
    text = X + layer("Scale", "x", "a", shared, name="one") + layer("Scale", "a", "b", shared, name="two")
    _, model = save_net(tmp_path, text, {"one": [np.full(3, 4.0)]})
    np.testing.assert_array_equal(stored_blobs(source_graph(model), "two")[0].tensor.numpy(), [4, 4, 4])


def test_a_permissive_param_is_lent_in_another_shape() -> None:
    text = inputs(x=(2, 3))
    text += layer("InnerProduct", "x", "a", "inner_product_param { num_output: 3 bias_term: false }"
                  'param { name: "w" share_mode: %s }', name="one")  # fmt: skip
    text += layer("Reshape", "a", "b", "reshape_param { shape { dim: 1 dim: 1 dim: 2 dim: 3 } }", name="again")
    text += layer("Convolution", "b", "c", "convolution_param { num_output: 1 kernel_size: 3 pad: 1 bias_term: false }"
                  'param { name: "w" share_mode: PERMISSIVE }', name="two")  # fmt: skip
    x, w = np.arange(6, dtype=np.float32).reshape(2, 3), np.arange(9, dtype=np.float32).reshape(3, 3) / 9
    for mode in ("STRICT", "PERMISSIVE"):
        blobs = {"one": [w * 0], "two": [w.reshape(1, 1, 3, 3)]}
        found = run_net(text % mode, {"x": x}, blobs)["c"][0, 0]
        a = np.pad(x @ w.T, 1)
        expected = [[(a[i : i + 3, j : j + 3] * w).sum() for j in range(3)] for i in range(2)]
        assert_close(found, np.array(expected, np.float32))


def test_a_strict_param_is_not_lent_in_another_shape() -> None:
    shared = 'param { name: "w" } inner_product_param { num_output: %d bias_term: false }'
    text = inputs(x=(2, 3)) + layer("InnerProduct", "x", "a", shared % 2, name="one")
    text += layer("InnerProduct", "a", "b", shared % 3, name="two")
    error = refusal(text, {"one": [np.zeros((2, 3))], "two": [np.zeros((3, 2))]})
    assert "weight blob 0 has the shape [3, 2], the layer's parameters ask for [2, 3]" in str(error)


@pytest.mark.parametrize("name", [
    "names_crossed", "quirk_layer_without_name", "redefined_blob", "multi_io", "net_mnist_siamese", "silence",
    "slice_points", "input_multi_tops", "inplace_on_input", "inplace_on_input_branch", "dummydata", "memorydata",
])  # fmt: skip
def test_ports_of_real_nets_are_those_of_caffe(shared: Path, name: str) -> None:
    fixture = Fixture(shared, name)
    found = output_names(fixture.folder / "model.caffemodel", **fixture.options())
    assert found == sorted(fixture.meta["outputs"])


@pytest.mark.parametrize("text, what", [
    (layer("ReLU", "nowhere", "a"), "reads the blob 'nowhere'"),
    (layer("ReLU", "b", "a", name="r") + layer("TanH", "x", "b", name="t"), "'t' makes it, and stands later"),
    (layer("ReLU", "b", "a", name="r") + layer("TanH", "a", "b", name="t"), "reads the blob 'b'"),
    (layer("ReLU", "x", "a") + layer("TanH", "x", "a", name="t"), "made by 'lay' and by 't'"),
    (layer("ReLU", "x", "x") + layer("AbsVal", "x", "x", name="n"), "does not allow"),
    (layer("ReLU", "x", "a") + layer("TanH", "x", "x", name="t"), "made by 'x' and by 't'"),
    (layer("Slice", "x", "a a", name="s"), "made by 's' and by 's'"),
    (layer("LRN", "x", "x", name="n"), "works in place"),
    ('layer { name: "n" bottom: "x" top: "y" }', "has no type"),
    ('layer { name: "n" type: "@input" bottom: "x" top: "y" }', "is not a layer type"),
    (layer("ReLU", "x", "", name="n"), "'n' makes no blob"),
    (layer("Dropout", "x", "y", "phase: TRAIN", name="n"), "'n' is always in phase TRAIN"),
    (layer("Accuracy", "x x", "", name="n"), "'n' makes no blob"),
    (layer("Input", "x", "y", name="n"), "'n' reads 1 blobs"),
    (layer("Silence", "", "", name="n"), "'n' has 0 bottoms and 0 tops"),
    (layer("Silence", "x", "y", name="n"), "'n' has 1 bottoms and 1 tops"),
    (layer("Eltwise", "x x", "y", "propagate_down: true", name="n"), "gives propagate_down 1 times for 2 bottoms"),
    (layer("ReLU", "x", "y", "loss_weight: 1 loss_weight: 0", name="n"), "gives loss_weight 2 times for 1 tops"),
    (layer("ReLU", "x", "y", "param { lr_mult: 1 }", name="n"), "'n' has 1 param blocks, and learns 0 blobs"),
    (layer("Scale", "x", "y", "param { } param { }", name="n"), "'n' has 2 param blocks, and learns 1 blobs"),
    (layer("Scale", "x", "a", 'param { name: "w" lr_mult: 1 }')
     + layer("Scale", "a", "b", 'param { name: "w" lr_mult: 2 }'),
     "gives the shared param 'w' another lr_mult: 2"),
    (layer("Scale", "x", "y", "blobs { shape { dim: 3 } data: [1, 2, 3] }", name="n"), "weights in the prototxt"),
    (layer("Scale", "x x", "y", "param { }", name="n"), "'n' has 1 param blocks, and learns 0 blobs"),
    (layer("Convolution", "x", "y", "param { } param { } convolution_param { bias_term: false }", name="n"),
     "'n' has 2 param blocks, and learns 1 blobs"),
    ('layer { name: "n" type: "Input" top: "y" input_param { shape { %s} } }' % ("dim: 1 " * 33), "at most 32"),
])  # fmt: skip
def test_faults_of_the_wiring(text: str, what: str) -> None:
    error = fault(X + text)
    assert error.code == "D210"
    assert what in str(error)
    assert "line " in str(error)


def test_a_net_that_gives_nothing_out_is_refused() -> None:
    assert "gives nothing out" in fault(X + layer("Silence", "x", "")).what


def test_a_solver_is_told_from_a_net() -> None:
    error = fault('net: "train_val.prototxt"\nbase_lr: 0.1\n')
    assert error.code == "D207"
    assert "solver" in error.hint


def test_all_faults_are_told_at_once() -> None:
    error = fault(X + "".join(layer("ReLU", f"no{k}", f"y{k}", name=f"l{k}") for k in range(5)))
    assert [p.layer for p in error.problems] == [f"'l{k}'" for k in range(5)]
    assert "5 faults" in error.what


@pytest.mark.parametrize("dims", ["-1", "0", "1000000000000", "65536 dim: 65536", "9223372036854775807"])
def test_input_shapes_that_caffe_does_not_take(dims: str) -> None:
    error = fault(
        f'layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ dim: {dims} }} }} }}' + layer("ReLU", "x")
    )
    assert error.code == "D210"
    assert "shape" in error.what


def chain(count: int) -> str:
    return X + "".join(layer("ReLU", "x" if k == 0 else f"b{k - 1}", f"b{k}", name=f"l{k}") for k in range(count))


@pytest.mark.parametrize("text", [
    chain,
    lambda count: X + layer("ReLU", "x", "y", name="l") + layer("ReLU", "y", "y", name="l") * count,
    lambda count: X + "".join(layer("ReLU", f"no{k}", f"y{k}", name=f"l{k}") for k in range(count)),
    lambda count: X + "".join(layer("ReLU", "x", f"y{k}", 'include { stage: "s" }') for k in range(count)),
], ids=["chain", "one name", "every bottom is missing", "many readers"])  # fmt: skip
def test_reading_is_linear_in_the_layers(text: Callable[[int], str]) -> None:
    def calls(count: int) -> int:
        """How many functions are called, built-in ones included: the same number in every run."""
        given, made = text(count), 0

        def called(frame: object, event: str, argument: object) -> None:
            nonlocal made
            made += event in ("call", "c_call")

        sys.setprofile(called)
        try:
            with contextlib.suppress(DragomanError):
                source_graph(given, stages=["s"] if "stage" in given else [])
        finally:
            sys.setprofile(None)
        return made

    calls(10)  # what is done once
    assert calls(400) < 11 * calls(40)
