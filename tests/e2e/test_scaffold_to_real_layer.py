"""From ``dragoman plugin new`` to a real layer, in a virtual environment without anything else.

The package passes its tests as it is written; an edit, recorded in ``scaffold_to_real_layer.patch``, makes its two
layers those of two nets that were run by Caffe, and the IRs give Caffe's numbers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from tests.e2e.environments import PACKAGES, ROOT, Environment, wheels_of

PATCH = Path(__file__).with_name("scaffold_to_real_layer.patch")
FIXTURES = Path(os.environ.get("DRAGOMAN_SHARED", ROOT.parent / "shared")) / "fixtures" / "caffe"
LAYERS = ("--layer", "caffe:ShuffleChannel", "--layer", "caffe:ChannelAffine")
RUN = """
import sys
import numpy as np
import openvino as ov
from dragoman import runtime
model = runtime.load(sys.argv[1])
compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
np.savez(sys.argv[3], **{p.get_any_name(): a for p, a in compiled(np.load(sys.argv[2])).items()})
"""
NETS = {
    "custom_shufflechannel": ("sh", ["Reshape", "Transpose", "Reshape"], False),
    "custom_channelaffine": ("ca", ["ChannelAffine"], True),
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Dragoman with its Caffe and ONNX plugins and the testing kit."""
    wheels = wheels_of(tmp_path_factory.mktemp("wheels"), list(PACKAGES.values()))
    made = Environment(tmp_path_factory.mktemp("bare") / "env")
    made.install(*wheels)
    return made


@pytest.fixture(scope="module")
def edited(bare: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a package after the edit; it is installed."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed, which applies the patch")
    folder = tmp_path_factory.mktemp("edited")
    bare.run("dragoman", "plugin", "new", "acme-layers", *LAYERS, "--runtime", folder=folder)
    package = folder / "acme-layers"
    clean = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder)}
    subprocess.run(["git", "apply", PATCH], cwd=package, check=True, env=clean)
    bare.install(*wheels_of(folder / "wheels", [package]))
    return package


def test_one_command_goes_from_nothing_to_green_tests(bare: Environment, tmp_path: Path) -> None:
    layers = ("--layer", "caffe:Swish6", "--layer", "onnx:my.domain:Foo")
    start = time.monotonic()
    said = bare.run("dragoman", "plugin", "new", "dragoman-acme", *layers, "--runtime", "--rule", "--test",
                    folder=tmp_path)  # fmt: skip
    took = time.monotonic() - start
    assert "0 errors, 0 warnings" in said
    assert "own tests" in said
    assert "failed" not in said
    assert took < 60, f"it took {took:.0f} s"


def test_the_package_is_installed_by_pip_and_found(bare: Environment, tmp_path: Path) -> None:
    bare.run("dragoman", "plugin", "new", "dragoman-other", "--layer", "onnx:other:Swish", "--op", "--rule",
             folder=tmp_path)  # fmt: skip
    bare.install(*wheels_of(tmp_path / "wheels", [tmp_path / "dragoman-other"]))
    assert not bare.complaints("dragoman-other")
    elsewhere = tmp_path / "wheels"  # a folder of that name would be meant before the installed package
    said = bare.run("dragoman", "plugin", "test", "other", folder=elsewhere)
    assert "own tests    not seen" in said
    assert "conformance" in said
    assert "failed" not in said
    assert "0 errors, 0 warnings" in bare.run("dragoman", "plugin", "check", "dragoman-other", folder=elsewhere)
    bare.uninstall("dragoman-other")
    assert "D601" in bare.run("dragoman", "plugin", "check", "dragoman-other", folder=elsewhere, code=7)


def test_the_edited_package_passes_its_own_tests(bare: Environment, edited: Path) -> None:
    said = bare.run("dragoman", "plugin", "test", str(edited), folder=edited.parent)
    assert "failed" not in said
    assert "0 errors, 0 warnings" in bare.run("dragoman", "plugin", "check", str(edited), folder=edited.parent)


@pytest.mark.parametrize("net", NETS)
def test_a_net_of_caffe_has_caffes_numbers(net: str, bare: Environment, edited: Path, tmp_path: Path) -> None:
    fixture = FIXTURES / net
    if not fixture.is_dir():
        pytest.skip("the nets that Caffe ran are not here: set DRAGOMAN_SHARED")
    layer, ops, custom = NETS[net]
    source = (fixture / "model.caffemodel", "--input-proto", fixture / "deploy.prototxt")
    plan = bare.run("dragoman", "plan", *source, folder=tmp_path)
    assert "acme-layers" in plan
    outputs = ("--output", layer, "--output", "out")
    bare.run("dragoman", "convert", *source, *outputs, "-o", tmp_path, folder=tmp_path)
    text = (tmp_path / "model.xml").read_text()
    assert all(f'type="{op}"' in text for op in ops)
    assert ('version="extension"' in text) is custom
    bare.run("python", "-c", RUN, tmp_path / "model.xml", fixture / "input_data.npy", tmp_path / "found.npz",
             folder=tmp_path)  # fmt: skip
    found, inner = np.load(tmp_path / "found.npz"), np.load(fixture / "intermediates.npz")
    for name, expected in ((layer, inner[layer]), ("out", np.load(fixture / "output_out.npy"))):
        assert found[name].shape == expected.shape
        assert np.abs(found[name] - expected).max() <= 1e-5 * np.abs(expected).max()


def test_the_check_runs_a_net_of_caffe(bare: Environment, edited: Path, tmp_path: Path) -> None:
    fixture = FIXTURES / "custom_channelaffine"
    if not fixture.is_dir():
        pytest.skip("the nets that Caffe ran are not here: set DRAGOMAN_SHARED")
    said = bare.run("dragoman", "plugin", "check", "acme-layers", "--model", fixture / "model.caffemodel",
                    "--set", f"input_proto={fixture / 'deploy.prototxt'}", folder=tmp_path)  # fmt: skip
    assert "1 of 2 layers of model.caffemodel are the plugin's: ChannelAffine" in said
    assert "OpenVINO loads and runs it" in said
