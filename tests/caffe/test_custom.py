"""Custom layers: kept in the IR, with shapes that the user states, a package knows, or an installed Caffe tells."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.caffe.doubles import script, use_double

import dragoman
from dragoman.errors import DragomanError, InferError, SourceError, UsageError
from dragoman.frontends.extract import Extractors
from dragoman.graph.types import TensorType, f32
from dragoman.hookspecs import PluginInfo, hookimpl
from dragoman.ops.define import In, Int, Op, op
from dragoman.plugins import EntryPoint, PluginHost, installed_entry_points
from dragoman.runtime import model_of
from dragoman.session import Result

HEAD = 'layer { name: "in" type: "Input" top: "data" input_param { shape { dim: 1 dim: 4 dim: 2 dim: 3 } } }\n'
GROW = 'layer { name: "grow" type: "Grow" bottom: "data" top: "big" grow_param { factor: 3 } }\n'
HALVES = 'layer { name: "half" type: "Halves" bottom: "data" top: "a" top: "b" }\n'
FIXTURES = Path(os.environ.get("DRAGOMAN_SHARED") or Path(__file__).parents[3] / "shared") / "fixtures" / "caffe"
REAL = os.environ.get("DRAGOMAN_TEST_CAFFE_PYTHON", "")


def converted(*layers: str, host: PluginHost | None = None, head: str = HEAD, **options: Any) -> Result:
    return dragoman.convert((head + "".join(layers)).encode(), host=host, **options)


def refused(kind: type[DragomanError], code: str, *layers: str, **options: Any) -> DragomanError:
    with pytest.raises(kind) as caught:
        converted(*layers, **options)
    assert caught.value.code == code, str(caught.value)
    return caught.value


def layer_of(result: Result, kind: str) -> ElementTree.Element:
    found = [e for e in ElementTree.fromstring(result.ir()[0]).iter("layer") if e.get("type") == kind]
    assert len(found) == 1
    assert found[0].get("version") == "extension"
    return found[0]


def data_of(result: Result, kind: str) -> dict[str, str]:
    data = layer_of(result, kind).find("data")
    return dict(data.attrib) if data is not None else {}


def shapes(result: Result) -> list[Any]:
    return [v.shape for v in result.graph.outputs]


@pytest.fixture
def caffe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[str, Path]:
    """An interpreter with the double, and the file that gets a line each time it is asked."""
    use_double(monkeypatch)
    log = tmp_path / "asked"
    log.write_text("")
    return script(tmp_path, f'echo once >> {log}\nexec {sys.executable} "$@"'), log


def test_parameters_become_attributes_by_their_own_names() -> None:
    layer = """layer { name: "clip" type: "SoftClip" bottom: "data" top: "y" soft_clip_param {
        limit: 2.5 count: 3 on: true mode: SWAPPED tag: "a \\"b\\"" list: 1 list: 2 weight_filler { type: "constant" }
        inner { a: 1 deeper { b: 2 } } twice { c: 1 } twice { c: 2 } } }"""
    assert data_of(converted(layer, custom_layer="SoftClip", shape_of="clip=1,4,2,3"), "SoftClip") == {
        "limit": "2.5", "count": "3", "on": "true", "mode": "SWAPPED", "tag": 'a "b"', "list": "1,2",
        "inner_a": "1", "inner_deeper_b": "2", "twice_0_c": "1", "twice_1_c": "2",
    }  # fmt: skip


def test_names_that_ir_has_for_itself_and_names_given_twice_get_a_number() -> None:
    layer = """layer { name: "x" type: "X" bottom: "data" top: "y"
        x_param { type: "a" shape: 4 gain: 1 } more_param { type: "b" gain: 2 } }"""
    found = data_of(converted(layer, custom_layer="X", shape_of="x=7"), "X")
    assert found == {"type_1": "a", "shape_1": "4", "gain": "1", "type_2": "b", "gain_1": "2"}


def test_the_users_word_wins_over_an_extractor() -> None:
    layer = 'layer { name: "r" type: "ReLU" bottom: "data" top: "y" relu_param { negative_slope: 0.5 } }'
    assert data_of(converted(layer, custom_layer="ReLU", shape_of="r=1,4,2,3"), "ReLU") == {"negative_slope": "0.5"}


def test_a_python_layer_is_kept_under_the_name_of_its_class() -> None:
    layer = """layer { name: "p" type: "Python" bottom: "data" top: "y"
        python_param { module: "rpn.twice" layer: "Twice" param_str: "{'k': 2}" } }"""
    for word in ("Python", "rpn.twice.Twice", "Python:rpn.twice.Twice"):
        found = data_of(converted(layer, custom_layer=word, shape_of="p=1"), "Twice")
        assert found == {"module": "rpn.twice", "layer_1": "Twice", "param_str": "{'k': 2}"}


def test_each_top_has_its_shape() -> None:
    result = converted(HALVES, custom_layer="Halves", shape_of="half=1,2,2,3;1,2,2,3")
    assert shapes(result) == [(1, 2, 2, 3), (1, 2, 2, 3)]
    assert [v.names for v in result.graph.outputs] == [("a",), ("b",)]
    assert shapes(converted(HALVES, custom_layer="Halves", shape_of={"half": [[1, 2], [3]]})) == [(1, 2), (3,)]


def test_as_many_shapes_as_tops() -> None:
    assert "1 shapes are stated for 2 outputs" in str(
        refused(DragomanError, "D302", HALVES, custom_layer="Halves", shape_of="half=1,2,2,3")
    )


def test_without_shape_and_caffe_the_three_ways_out_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRAGOMAN_CAFFE_PYTHON", raising=False)
    text = str(refused(InferError, "D404", GROW, custom_layer="Grow"))
    for word in ("--shape-of 'grow=SHAPE'", "--caffe-python", "extension package", "Grow 'grow'"):
        assert word in text


def test_an_installed_caffe_tells_the_shape_of_the_layer(caffe: tuple[str, Path]) -> None:
    assert shapes(converted(GROW, custom_layer="Grow", caffe_python=caffe[0])) == [(1, 4, 6, 9)]


def test_the_environment_may_name_caffe(caffe: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAGOMAN_CAFFE_PYTHON", caffe[0])
    assert shapes(converted(GROW, custom_layer="Grow")) == [(1, 4, 6, 9)]


def test_caffe_is_asked_once_for_the_whole_net_and_for_the_shapes_that_the_user_gives(caffe: tuple[str, Path]) -> None:
    second = GROW.replace("grow", "more", 1).replace('"data"', '"big"').replace('top: "big"', 'top: "huge"')
    found = converted(
        GROW, second, HALVES, custom_layer=["Grow", "Halves"], caffe_python=caffe[0], shapes={"data": "2,4,1,1"}
    )
    assert shapes(found) == [(2, 2, 1, 1), (2, 2, 1, 1), (2, 4, 9, 9)]
    assert caffe[1].read_text() == "once\n"


def test_a_failure_is_asked_for_once_too(caffe: tuple[str, Path]) -> None:
    warp = 'layer { name: "w1" type: "Warp" bottom: "data" top: "w1" }\n'
    two = (warp, warp.replace("w1", "w2"))
    text = str(refused(InferError, "D404", *two, custom_layer="Warp", caffe_python=caffe[0]))
    assert text.count("Check failed: registry.count(type) == 1 (0 vs. 1) Unknown layer type: Warp") == 2
    assert caffe[1].read_text() == "once\n"


def test_what_the_user_states_is_not_asked(caffe: tuple[str, Path]) -> None:
    found = converted(GROW, custom_layer="Grow", caffe_python=caffe[0], shape_of="grow=1,4,8,8")
    assert (shapes(found), caffe[1].read_text()) == ([(1, 4, 8, 8)], "")


def test_caffe_takes_fixed_sizes_only(caffe: tuple[str, Path]) -> None:
    head = """layer { name: "in" type: "ImageData" top: "data" image_data_param { batch_size: 2 }
        transform_param { mean_value: 1 mean_value: 2 mean_value: 3 } }\n"""
    found = refused(InferError, "D404", GROW, head=head, custom_layer="Grow", caffe_python=caffe[0])
    assert "the input 'data' is f32[2,3,?,?]" in str(found)
    assert caffe[1].read_text() == ""


def package(**hooks: Callable[..., Any]) -> PluginHost:
    """The installed plugins and an extension package."""
    module = types.SimpleNamespace(dragoman_plugin_info=hookimpl(lambda: PluginInfo("acme")))
    for name, function in hooks.items():
        setattr(module, name, hookimpl(function))
    return PluginHost([*installed_entry_points(), EntryPoint("acme", lambda: module, distribution="acme")])


@op("Grow", "extension")
class Grow(Op):
    """Each row and column ``factor`` times."""

    data = In("T")
    factor = Int()

    def infer(self, data: Any) -> TensorType:
        n, c, h, w = data.shape
        return TensorType(data.dtype, (n, c, h * self.factor, w * self.factor))


@op("Grow", "extension")
class ShapelessGrow(Op):
    """The same without a shape rule."""

    data = In("T")
    factor = Int()


def test_a_package_that_knows_the_shape_is_asked_before_caffe(caffe: tuple[str, Path]) -> None:
    held = package(dragoman_register_ops=lambda: [Grow])
    assert shapes(converted(GROW, host=held, custom_layer="Grow", caffe_python=caffe[0])) == [(1, 4, 6, 9)]
    assert caffe[1].read_text() == ""
    assert shapes(converted(GROW, host=held, custom_layer="Grow", shapes="data=1..8,4,2,3"))[0][1] == 4
    assert shapes(converted(GROW, host=held, custom_layer="Grow", shape_of="grow=1,4,1,1")) == [(1, 4, 1, 1)]


def test_parameters_that_the_packages_class_does_not_take_are_told() -> None:
    other = GROW.replace("factor: 3", "factor: 3 sharp: true")
    held = package(dragoman_register_ops=lambda: [Grow])
    assert "no attribute 'sharp'" in str(refused(DragomanError, "D302", other, host=held, custom_layer="Grow"))


def test_caffe_is_asked_for_a_package_without_shape_rule(caffe: tuple[str, Path]) -> None:
    layers = Extractors("caffe")
    layers("Grow")(lambda layer, op, x: op.Grow(x, factor=layer.get("grow_param.factor", 1)))
    held = package(dragoman_register_ops=lambda: [ShapelessGrow], dragoman_register_extractors=lambda: [layers])
    assert shapes(converted(GROW, host=held, caffe_python=caffe[0])) == [(1, 4, 6, 9)]
    assert caffe[1].read_text() == "once\n"
    assert "--shape-of 'grow=SHAPE'" in str(refused(InferError, "D404", GROW, host=held))
    assert shapes(converted(GROW, host=held, shape_of="grow=2,2")) == [(2, 2)]


def test_a_custom_layer_behind_one_that_cannot_be_converted_is_not_blamed() -> None:
    bad = 'layer { name: "w" type: "Warp" bottom: "data" top: "data2" }\n'
    found = refused(DragomanError, "D301", bad, GROW.replace('"data"', '"data2"'), custom_layer="Grow")
    assert [p.layer for p in found.problems] == ["w"]


def test_types_and_layers_that_are_not_there_are_usage_errors() -> None:
    assert "did you mean 'Grow'" in refused(UsageError, "D110", GROW, custom_layer="Grov").hint
    stated = {"custom_layer": "Grow", "shape_of": ["grow=1", "grov=1"]}
    assert "did you mean 'grow'" in refused(UsageError, "D110", GROW, **stated).hint
    relu = 'layer { name: "r" type: "ReLU" bottom: "data" top: "y" }'
    assert "'r' is no custom layer" in refused(UsageError, "D110", relu, shape_of="r=1,4,2,3").what


def test_a_plan_tells_what_is_kept_and_what_lacks_a_shape() -> None:
    text = (HEAD + GROW).encode()
    kept = dragoman.plan(text, custom_layer="Grow", shape_of="grow=1").layers[0]
    assert (kept.status, kept.by) == ("converted", "caffe")
    assert dragoman.plan(text, custom_layer="Grow").layers[0].code == "D404"


MAPPING = """<CustomLayersMapping>
    <CustomLayer NativeType="Grow" hasParam="true" protoParamName="grow_param" />
    <CustomLayer NativeType="Halves" hasParam="false" />
</CustomLayersMapping>"""


def mapping(folder: Path, text: str) -> Path:
    path = folder / "mapping.xml"
    path.write_text(text)
    return path


def test_a_legacy_mapping_names_types_and_their_parameters(tmp_path: Path) -> None:
    path = mapping(tmp_path, MAPPING)
    grow = GROW.replace("} }", "} other_param { a: 1 } }")
    halves = HALVES.replace("}", "halves_param { b: 1 } }")
    found = converted(grow, halves, custom_layers_mapping=path, shape_of=["grow=1", "half=1;2"])
    assert (data_of(found, "Grow"), data_of(found, "Halves")) == ({"factor": "3"}, {})


@pytest.mark.parametrize(
    "text, line, what",
    [
        ("<CustomLayersMapping>\n<CustomLayer NativeType='A' hasParam='true'/></CustomLayersMapping>", 2, "protoParam"),
        ("<CustomLayersMapping>\n\n<CustomLayer hasParam='false'/></CustomLayersMapping>", 3, "no NativeType"),
        ("<CustomLayersMapping><CustomLayer NativeType='A' hasParam='no'/></CustomLayersMapping>", 1, "must be true"),
        ("<CustomLayersMapping><CustomLayer NativeType='A' x='no'/></CustomLayersMapping>", 1, "no attribute 'x'"),
        ("<net>\n</net>", 1, "'net' has no place"),
        ("<CustomLayersMapping>\n</b>", 2, "no XML: mismatched tag"),
        ("", 1, "no XML: no element found"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]>\n<CustomLayersMapping/>", 1, "document type"),
    ],
)  # fmt: skip
def test_a_mapping_that_is_none_is_told_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    found = refused(SourceError, "D207", GROW, custom_layers_mapping=mapping(tmp_path, text))
    assert what in found.what
    assert found.where.endswith(f"mapping.xml, line {line}")


def test_a_mapping_that_is_missing_or_endless(tmp_path: Path) -> None:
    refused(SourceError, "D201", GROW, custom_layers_mapping=tmp_path / "no.xml")
    refused(SourceError, "D208", GROW, custom_layers_mapping=mapping(tmp_path, " " * (1 << 21)))


def shuffle_channel(attrs: dict[str, Any], x: Any) -> Any:
    """Groups of channels interleaved."""
    n, c, h, w = x.shape
    groups = attrs["group"]
    return x.reshape(n, groups, c // groups, h, w).swapaxes(1, 2).reshape(x.shape)


def channel_affine(attrs: dict[str, Any], x: Any, scale: Any, shift: Any) -> Any:
    """gain * scale * (x + shift), SWAPPED in the order of its two steps, within bounds and with a border of zeros."""
    assert attrs["mode"] == "SWAPPED"
    low, high = (float(v) for v in attrs["bound"].split(","))
    moved = float(attrs["gain"]) * scale[:, None, None] * (x + shift[:, None, None])
    extra = attrs["extra"]
    return np.pad(moved.clip(low, high), [(0, 0), (0, 0), (extra, extra), (extra, extra)])


def runtime_op(kind: str, defaults: dict[str, Any], compute: Callable[..., Any], shape: list[int]) -> type:
    """An ``openvino.Op`` class that computes a custom layer."""
    import openvino as ov

    def __init__(self: Any, inputs: Any = None, **attrs: Any) -> None:
        ov.Op.__init__(self, self)
        self.attrs = {**defaults, **attrs}
        if inputs is not None:
            self.set_arguments(inputs)
            self.constructor_validate_and_infer_types()

    def visit_attributes(self: Any, visitor: Any) -> bool:
        visitor.on_attributes(self.attrs)
        return True

    def evaluate(self: Any, outputs: Any, inputs: Any) -> bool:
        found = compute(self.attrs, *(np.asarray(t.data) for t in inputs))
        outputs[0].shape = found.shape
        outputs[0].data[...] = found
        return True

    return type(kind, (ov.Op,), {
        "__init__": __init__,
        "validate_and_infer_types": lambda self: self.set_output_type(0, ov.Type.f32, ov.PartialShape(shape)),
        "visit_attributes": visit_attributes,
        "clone_with_new_inputs": lambda self, inputs: type(self)(inputs, **self.attrs),
        "has_evaluate": lambda self: True,
        "evaluate": evaluate,
    })  # fmt: skip


def fixture(name: str) -> Path:
    folder = FIXTURES / name
    if not folder.is_dir():
        pytest.skip("the fixtures with Caffe's own numbers are not here: set DRAGOMAN_SHARED")
    return folder


def hold_against_caffe(folder: Path, layer: str, op_class: type, **options: Any) -> None:
    """The IR with the custom layer, run with its op class, gives Caffe's numbers."""
    found = dragoman.convert(
        folder / "model.caffemodel", input_proto=folder / "deploy.prototxt", outputs=[layer, "out"], **options
    )
    import openvino as ov

    model = model_of(*found.ir(), [op_class])
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    inner, out = list(compiled(np.load(folder / "input_data.npy")).values())
    for actual, expected in (
        (inner, np.load(folder / "intermediates.npz")[layer]), (out, np.load(folder / "output_out.npy"))
    ):  # fmt: skip
        assert np.abs(actual - expected).max() <= 1e-5 * np.abs(expected).max()


def test_a_kept_shuffle_channel_computes_what_caffe_computes() -> None:
    made = runtime_op("ShuffleChannel", {"group": 1}, shuffle_channel, [2, 12, 6, 7])
    folder = fixture("custom_shufflechannel")
    hold_against_caffe(folder, "sh", made, custom_layer="ShuffleChannel", shape_of="sh=2,12,6,7")


def test_a_kept_layer_with_weights_computes_what_caffe_computes() -> None:
    defaults = {"gain": "", "bound": "", "extra": 0, "mode": "", "tag": ""}
    made = runtime_op("ChannelAffine", defaults, channel_affine, [2, 8, 10, 11])
    folder = fixture("custom_channelaffine")
    hold_against_caffe(folder, "ca", made, custom_layer="ChannelAffine", shape_of="ca=2,8,10,11")


@pytest.mark.skipif(not REAL, reason="DRAGOMAN_TEST_CAFFE_PYTHON names no interpreter with pycaffe")
@pytest.mark.parametrize(
    "name, kind", [("custom_shufflechannel", "ShuffleChannel"), ("absval", "AbsVal"), ("spp_h1", "SPP")]
)
def test_a_real_caffe_tells_the_shapes(name: str, kind: str) -> None:
    folder = fixture(name)
    net = dragoman.convert(
        folder / "model.caffemodel", input_proto=folder / "deploy.prototxt", custom_layer=kind, caffe_python=REAL
    )
    held = np.load(folder / "intermediates.npz")
    kept = [n for n in net.graph if n.op == kind]
    assert kept
    assert all(v.shape == held[v.names[0]].shape for n in kept for v in n.outputs)


def test_element_types_are_floats_in_caffe() -> None:
    assert converted(GROW, custom_layer="Grow", shape_of="grow=1").graph.outputs[0].dtype is f32
