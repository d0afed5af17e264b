"""What ``check`` holds a conversion against: Caffe where it is named, else OpenCV where its numbers are Caffe's."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.caffe.doubles import script, use_double
from tests.caffe.support import inputs, layer

import dragoman
from dragoman.accuracy.compare import compare_all
from dragoman.errors import AccuracyError, DragomanError, PluginError, SourceError
from dragoman.frontends.contract import Model
from dragoman_caffe import opencv
from dragoman_caffe.definitions import built_in
from dragoman_caffe.frontend import CaffeFrontend
from dragoman_caffe.opencv import OpenCvFailed, run_in_opencv
from dragoman_caffe.reference import run_caffe, run_opencv
from dragoman_sdk.caffe_model import save_net

ROOT = Path(__file__).parents[2]
FIXTURES = Path(os.environ.get("DRAGOMAN_SHARED") or ROOT.parent / "shared") / "fixtures" / "caffe"
REAL = os.environ.get("DRAGOMAN_TEST_CAFFE_PYTHON", "")
TABLE = tomllib.loads((ROOT / "docs" / "data" / "caffe-opencv-differences.toml").read_text())["model"]
KINDS = {row["fixture"]: row["kind"] for row in TABLE}
#: read by the front-end as something else than what ran, or not at all
NOT_RUN = ("memorydata", "trainval_cifar_bn", "trainval_lenet")
X = np.linspace(-2, 2, 24, dtype=np.float32).reshape(1, 4, 2, 3)
HEAD = inputs(data=(1, 4, 2, 3))

needs_opencv = pytest.mark.skipif(bool(opencv.missing()), reason="OpenCV is not installed: dragoman-caffe[check]")


def saved(folder: Path, *layers: str, blobs: dict[str, Any] | None = None) -> Path:
    """A model file with its prototxt beside it."""
    prototxt, weights = save_net(folder, HEAD + "".join(layers), blobs or {"": []})
    return Path(weights if blobs else prototxt)


def names() -> list[str]:
    if not (FIXTURES / "INDEX.json").exists():
        return []
    return [n for n in sorted(json.loads((FIXTURES / "INDEX.json").read_text())) if n not in NOT_RUN]


def by_opencv(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Caffe's own outputs and inner blobs of a fixture, and OpenCV's."""
    folder = FIXTURES / name
    meta = json.loads((folder / "meta.json").read_text())
    options = {
        "input_proto": folder / "deploy.prototxt", "stages": meta.get("stages") or (), "level": meta.get("level") or 0
    }  # fmt: skip
    try:
        graph = CaffeFrontend().load(Model(folder / "model.caffemodel"), options)
    except SourceError as error:
        pytest.skip(f"the front-end refuses it: {error}")
    feeds = {n: np.load(folder / i["file"]) for n, i in meta["inputs"].items()}
    held = {n: np.load(folder / o["file"]) for n, o in meta["outputs"].items()}
    if (folder / "intermediates.npz").exists():
        held = {**np.load(folder / "intermediates.npz"), **held}
    tops = {n for node in graph for value in node.outputs for n in value.names}
    expected = {n: a for n, a in held.items() if n in tops and n not in feeds}
    assert expected or name == "quirk_softmax_inplace"
    return expected, run_in_opencv(graph, built_in(), feeds, list(expected)) if expected else {}


def hold(name: str) -> None:
    """OpenCV gives Caffe's numbers, or is refused where the table says so."""
    if name in KINDS:
        with pytest.raises(OpenCvFailed):
            by_opencv(name)
        return
    expected, found = by_opencv(name)
    wrong = [d for d in compare_all(expected, found, 1e-4) if not d.passed]
    assert not wrong, wrong


FEW = ("absval", "conv_pad_only_h", "inplace_relu", "lrn_defaults", "net_lenet", "pool_ave_k5s3p2", "split_explicit")


@needs_opencv
@pytest.mark.skipif(not names(), reason="the fixtures with Caffe's own numbers are not here: set DRAGOMAN_SHARED")
@pytest.mark.parametrize("name", FEW)
def test_opencv_gives_caffes_numbers_or_is_refused(name: str) -> None:
    hold(name)


@needs_opencv
@pytest.mark.slow
@pytest.mark.conformance
@pytest.mark.parametrize("name", [n for n in names() if n not in FEW])
def test_opencv_gives_caffes_numbers_or_is_refused_for_every_fixture(name: str) -> None:
    hold(name)


@needs_opencv
@pytest.mark.skipif(not names(), reason="the fixtures with Caffe's own numbers are not here: set DRAGOMAN_SHARED")
@pytest.mark.parametrize("name", [n for n, kind in KINDS.items() if kind in ("differs", "spared")])
def test_what_the_table_says_of_refused_numbers_is_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opencv, "difference", lambda node: "")
    expected, found = by_opencv(name)
    passed = all(d.passed for d in compare_all(expected, found, 1e-4))
    assert passed == (KINDS[name] == "spared")


def test_the_table_has_known_kinds_and_real_models() -> None:
    assert {row["kind"] for row in TABLE} <= {"differs", "cannot", "spared"}
    assert all(row["why"] for row in TABLE)
    assert not names() or set(KINDS) <= set(names())


SLOPE = layer("ReLU", "data", "out", "relu_param { negative_slope: 0.5 }")


@needs_opencv
def test_check_says_that_opencv_spoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRAGOMAN_CAFFE_PYTHON", raising=False)
    report = dragoman.check(saved(tmp_path, SLOPE))
    assert (report.reference, report.notes, report.passed) == ("OpenCV", (), True)
    assert " in OpenCV, against " in next(iter(report.lines()))


def test_check_prefers_a_caffe_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_double(monkeypatch)
    model = saved(tmp_path, layer("Power", "data", "out", "power_param { shift: 2.5 }"))
    report = dragoman.check(model, caffe_python=sys.executable)
    assert (report.reference, report.passed) == ("pycaffe", True)
    monkeypatch.setenv("DRAGOMAN_CAFFE_PYTHON", sys.executable)
    assert dragoman.check(model).reference == "pycaffe"


@needs_opencv
def test_check_says_why_caffe_did_not_speak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_double(monkeypatch)
    report = dragoman.check(saved(tmp_path, layer("TanH", "data")), caffe_python=sys.executable)
    assert report.reference == "OpenCV"
    assert "pycaffe cannot run the model: Caffe rejects the net and aborts: Check failed" in report.notes[0]


def test_check_finds_a_difference_from_caffe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_double(monkeypatch)
    right = saved(tmp_path, layer("Power", "data", "out", "power_param { shift: 2.5 }"))
    wrong = dragoman.convert((HEAD + layer("Power", "data", "out", "power_param { shift: 2.6 }")).encode())
    with pytest.raises(AccuracyError):
        dragoman.check(right, wrong.save(tmp_path, "wrong"), caffe_python=sys.executable)


def test_nothing_installed_names_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRAGOMAN_CAFFE_PYTHON", raising=False)
    monkeypatch.setattr("dragoman_caffe.reference.missing_opencv", lambda: "pip install 'dragoman-caffe[check]'")
    with pytest.raises(PluginError) as caught:
        dragoman.check(saved(tmp_path, SLOPE))
    assert caught.value.code == "D608"
    assert "--caffe-python PATH" in caught.value.hint
    assert "pip install 'dragoman-caffe[check]'" in caught.value.hint


CHAIN = (
    layer("Convolution", "data", "c", "convolution_param { num_output: 4 kernel_size: 1 }", name="c"),
    layer("ReLU", "c", "c", name="r"),
    layer("Power", "c", "out", "power_param { shift: 1.5 }", name="p"),
)
WEIGHTS = {"c": [np.linspace(-1, 1, 16, dtype=np.float32).reshape(4, 4, 1, 1), np.arange(4, dtype=np.float32)]}


def formula(x: Any) -> Any:
    return np.maximum(np.einsum("oi,nihw->nohw", WEIGHTS["c"][0][:, :, 0, 0], x) + WEIGHTS["c"][1][:, None, None], 0)


@needs_opencv
def test_inner_blobs_are_outputs_and_inputs_as_well(tmp_path: Path) -> None:
    model = saved(tmp_path, *CHAIN, blobs=WEIGHTS)
    found = run_opencv(model, {"data": X}, ["c", "out"], {})
    np.testing.assert_allclose(found["c"], formula(X), atol=1e-6)
    np.testing.assert_allclose(found["out"], formula(X) + 1.5, atol=1e-6)
    np.testing.assert_array_equal(run_opencv(model, {"c": X}, ["out"], {})["out"], X + np.float32(1.5))
    for options in ({"outputs": ["c", "out"]}, {"inputs": "c[1,4,2,3]"}, {"inputs": "r[1,4,2,3]"}):
        report = dragoman.check(model, **options)
        assert report.passed
        assert report.reference == "OpenCV"


@needs_opencv
def test_what_the_net_does_not_have_is_told(tmp_path: Path) -> None:
    model = saved(tmp_path, *CHAIN, blobs=WEIGHTS)
    for given, wanted, said in (({"data": X}, "no", "no blob 'no'"), ({}, "out", "no data for 'data'")):
        with pytest.raises(PluginError, match=said) as caught:
            run_opencv(model, given, [wanted], {})
        assert caught.value.code == "D609"


@needs_opencv
@pytest.mark.parametrize(
    "kind, parameters",
    [
        ("InnerProduct", "inner_product_param { num_output: 4 transpose: true }"),
        ("Log", "log_param { base: 2 }"),
        ("MVN", "mvn_param { eps: 0.001 }"),
        ("Pooling", "pooling_param { kernel_size: 1 stride: 2 }"),
        ("Pooling", "pooling_param { kernel_size: 2 pad_h: 1 }"),
        ("Convolution", "convolution_param { num_output: 1 kernel_size: 2 stride_h: 2 }"),
        ("BatchNorm", "batch_norm_param { use_global_stats: false }"),
        ("Threshold", ""),
        ("PriorBox", "prior_box_param { min_size: 2 img_size: 8 }"),
    ],
)
def test_numbers_that_are_not_caffes_are_not_given(tmp_path: Path, kind: str, parameters: str) -> None:
    with pytest.raises(PluginError) as caught:
        run_opencv(saved(tmp_path, layer(kind, "data", "out", parameters)), {"data": X}, ["out"], {})
    assert caught.value.code == "D609"
    assert f"{kind} 'lay'" in caught.value.what


@needs_opencv
def test_names_need_no_care(tmp_path: Path) -> None:
    odd = layer("ReLU", "data", "data", name='b1 \\"é\\\\')
    other = layer("TanH", "data", "b1", name="b0")
    model = saved(tmp_path, odd, other)
    found = run_opencv(model, {"data": X}, ["b1"], {})
    np.testing.assert_allclose(found["b1"], np.tanh(np.maximum(X, 0)), atol=1e-6)


@needs_opencv
@pytest.mark.parametrize("threshold, kept", [(0.1, 20), (0.1, 40), (0.9, 40), (0.9999, 40)])
def test_detections_have_the_form_of_the_runtime(tmp_path: Path, threshold: float, kept: int) -> None:
    rng = np.random.default_rng(4)
    boxes, classes = 30, 4
    low = rng.random((boxes, 2)) * 0.5
    priors = np.stack([np.hstack([low, low + 0.3]).ravel(), np.tile([0.1, 0.1, 0.2, 0.2], boxes)])[None]
    data = {
        "loc": rng.normal(size=(1, boxes * 4)), "conf": rng.random((1, boxes * classes)), "priors": priors
    }  # fmt: skip
    parameters = f"""detection_output_param {{ num_classes: {classes} share_location: true keep_top_k: {kept}
        code_type: CENTER_SIZE confidence_threshold: {threshold} nms_param {{ nms_threshold: 0.45 top_k: 20 }} }}"""
    text = inputs(**{n: a.shape for n, a in data.items()}) + layer(
        "DetectionOutput", "loc conf priors", "d", parameters
    )
    prototxt, _ = save_net(tmp_path, text, {"": []})
    feeds = {n: a.astype(np.float32) for n, a in data.items()}
    found = run_opencv(prototxt, feeds, ["d"], {})["d"]
    assert found.shape == (1, 1, kept, 7)
    ends = np.flatnonzero(found[0, 0, :, 0] < 0)
    assert bool(ends.size) == (kept == 40)
    assert dragoman.check(prototxt, data=feeds).passed


ROIS = [[0, 0, 0, 30, 20], [1, 5, 3, 60, 40], [1, 0.4, 0.6, 79.5, 47.5], [0, 4, 12, 20, 36], [1, -20, -8, 200, 90]]
MAP, IMAGE = (2, 8, 6, 10), (1, 3, 80, 120)


@needs_opencv
@pytest.mark.parametrize(
    "kind, bottoms, parameters",
    [
        ("ReLU6", "data", ""),
        ("Permute", "data", "permute_param { order: 0 order: 2 order: 3 order: 1 }"),
        ("Interp", "data", "interp_param { height: 11 width: 19 }"),
        ("Interp", "data", "interp_param { zoom_factor: 2 }"),
        ("ROIPooling", "data rois", "roi_pooling_param { pooled_h: 3 pooled_w: 2 spatial_scale: 0.125 }"),
        ("PSROIPooling", "data rois", "psroi_pooling_param { output_dim: 2 group_size: 2 spatial_scale: 0.125 }"),
        ("Reorg", "data", "reorg_param { stride: 2 }"),
        ("Normalize", "data", "norm_param { across_spatial: false channel_shared: false }"),
        ("Normalize", "data", "norm_param { }"),
        ("PriorBox", "data image", "prior_box_param { min_size: 20 }"),
        ("PriorBox", "data image", "prior_box_param { min_size: 20 max_size: 40 aspect_ratio: 2 clip: true }"),
        ("PriorBox", "data image", "prior_box_param { min_size: 20 flip: false aspect_ratio: 3 step: 16 offset: 0.4 }"),
        ("PriorBox", "data image", "prior_box_param { min_size: 10 min_size: 20 max_size: 30 max_size: 50 }"),
        ("PriorBox", "data image", "prior_box_param { min_size: 10 step_h: 8 step_w: 16 variance: 0.3 }"),
    ],
)
def test_opencv_and_the_conversion_agree_on_layers_of_forks(
    tmp_path: Path, kind: str, bottoms: str, parameters: str
) -> None:
    rng = np.random.default_rng(0)
    held = {"data": rng.normal(size=MAP) * 4, "rois": np.array(ROIS), "image": np.zeros(IMAGE)}
    feeds = {n: held[n].astype(np.float32) for n in bottoms.split()}
    text = inputs(**{n: a.shape for n, a in feeds.items()}) + layer(kind, bottoms, "out", parameters)
    scales = np.arange(1, 9 if "channel_shared" in parameters else 2, dtype=np.float32)
    blobs = {"lay": [scales]} if kind == "Normalize" else {}
    prototxt, weights = save_net(tmp_path, text, blobs or {"": []})
    report = dragoman.check(weights if blobs else prototxt, data=feeds)
    assert (report.reference, report.passed) == ("OpenCV", True)


def test_an_opencv_that_is_too_old_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "cv2.py").write_text('__version__ = "4.10.0"\n')
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "old"))
    with pytest.raises(PluginError, match=r"OpenCV 4.10.0 is too old; 4.11 or newer is needed"):
        run_opencv(saved(tmp_path, SLOPE), {"data": X}, ["out"], {})


def test_an_opencv_that_crashes_ends_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dragoman_caffe.opencv.sys.executable", script(tmp_path, "kill -11 $$"))
    with pytest.raises(PluginError, match="ended with exit code -11") as caught:
        run_opencv(saved(tmp_path, SLOPE), {"data": X}, ["out"], {})
    assert caught.value.code == "D609"


@pytest.mark.skipif(not REAL, reason="DRAGOMAN_TEST_CAFFE_PYTHON names no interpreter with pycaffe")
@pytest.mark.parametrize("name", ["net_lenet", "inplace_relu", "stage_deploy", "argmax", "lstm"])
def test_a_real_caffe_gives_its_stored_numbers(name: str) -> None:
    folder = FIXTURES / name
    meta = json.loads((folder / "meta.json").read_text())
    options = {
        "input_proto": folder / "deploy.prototxt", "caffe_python": REAL, "stages": tuple(meta.get("stages") or ())
    }  # fmt: skip
    feeds = {n: np.load(folder / i["file"]) for n, i in meta["inputs"].items()}
    expected = {n: np.load(folder / o["file"]) for n, o in meta["outputs"].items()}
    found = run_caffe(folder / "model.caffemodel", feeds, list(expected), options)
    assert all(d.passed for d in compare_all(expected, found, 1e-5))


def test_a_model_in_memory_has_no_file_for_caffe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model = saved(tmp_path, *CHAIN, blobs=WEIGHTS)
    options = {"input_proto": model.with_suffix(".prototxt"), "caffe_python": sys.executable}
    for run in (run_caffe, run_opencv):
        with pytest.raises(DragomanError, match="in memory"):
            run(model.read_bytes(), {"data": X}, ["out"], options)
