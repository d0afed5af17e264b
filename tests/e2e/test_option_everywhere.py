"""An option has one name and one meaning on the command line, in Python and in the config file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
from tests.docs.models import classifier

import dragoman
from dragoman.cli import build_cli
from dragoman.options import CORE_OPTIONS, PRECISIONS
from dragoman.plugins import PluginHost

#: flags, keyword arguments, lines of TOML
WAYS: dict[str, tuple[list[str], dict[str, Any], str]] = {
    "shapes": (["--shape", "image=1,3,64,64"], {"shapes": {"image": "1,3,64,64"}}, 'shapes = { image = "1,3,64,64" }'),
    "inputs": (["--input", "relu1[1,16,8,8]"], {"inputs": ["relu1[1,16,8,8]"]}, 'inputs = ["relu1[1,16,8,8]"]'),
    "outputs": (["--output", "relu2", "--output", "relu1"], {"outputs": ["relu2", "relu1"]}, 'outputs = "relu2,relu1"'),
    "batch": (["--batch", "4"], {"batch": 4}, "batch = 4"),
    "layout": (["--layout", "image(nhwc->nchw)"], {"layout": {"image": "nhwc->nchw"}}, 'layout = "nhwc->nchw"'),
    "mean_values": (
        ["--mean-values", "image[1,2,3]"], {"mean_values": [1, 2, 3]}, "mean_values = { image = [1, 2, 3] }",
    ),
    "scale_values": (["--scale-values", "2.5"], {"scale_values": 2.5}, "scale_values = 2.5"),
    "reverse_input_channels": (
        ["--reverse-input-channels"], {"reverse_input_channels": True}, "reverse_input_channels = true",
    ),
    "precision": (["--precision", "f16"], {"precision": "f16"}, 'precision = "f16"'),
    "static": (["--static", "--batch", "2"], {"static": True, "batch": 2}, "static = true\nbatch = 2"),
    "skip": (["--skip", "FoldConstants"], {"skip": ["FoldConstants"]}, 'skip = ["FoldConstants"]'),
    "replacements": (["--replacements", "r.toml"], {"replacements": "r.toml"}, 'replacements = "r.toml"'),
    "extensions": (["--extension", "e.py"], {"extensions": "e.py"}, 'extensions = ["e.py"]'),
    "offload": (["--offload", "relu1", "--offload", "Gemm"], {"offload": ["relu1", "Gemm"]},
                'offload = ["relu1", "Gemm"]'),
    "offload_unsupported": (["--offload-unsupported"], {"offload_unsupported": True}, "offload_unsupported = true"),
    "framework": (["--framework", "onnx"], {"framework": "onnx"}, 'framework = "onnx"'),
    "ir_version": (["--ir-version", "10"], {"ir_version": 10}, 'ir_version = "10"'),
}  # fmt: skip
EXTENSION = """
from dragoman.hookspecs import hookimpl
from dragoman.rules.rule import Rule


class Smooth(Rule):
    def pattern(self, op, x):
        return op.Relu(x)

    def rewrite(self, op, x):
        return op.SoftPlus(x)


@hookimpl
def dragoman_register_rules():
    return [Smooth()]
"""
WITHOUT_EFFECT = {"replacements", "framework", "offload_unsupported"}  # on this model


@pytest.fixture(scope="module")
def host() -> PluginHost:
    return PluginHost()


@pytest.mark.parametrize("name", [o.name for o in CORE_OPTIONS])
def test_all_three_ways_give_the_same_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: PluginHost
) -> None:
    assert name in WAYS, "say here how the option is given on the command line, in Python and in a config file"
    flags, arguments, lines = WAYS[name]
    monkeypatch.chdir(tmp_path)
    onnx.save(classifier(), "m.onnx")
    Path("r.toml").write_text('[[replace]]\nid = "FuseScale"\n')
    Path("e.py").write_text(EXTENSION)
    Path("c.toml").write_text(lines)

    def run(folder: str, *given: str) -> None:
        build_cli(host).main(["convert", "m.onnx", "-q", "-o", folder, *given], "dragoman", standalone_mode=False)

    run("flags", *flags)
    run("config", "--config", "c.toml")
    dragoman.convert("m.onnx", host=host, **arguments).save("python")
    dragoman.convert("m.onnx", host=host).save("plain")
    flagged, config, python, plain = (_files(tmp_path / f) for f in ("flags", "config", "python", "plain"))
    assert flagged == config == python
    assert (flagged == plain) == (name in WITHOUT_EFFECT)


def test_the_command_line_overrides_the_config_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: PluginHost
) -> None:
    monkeypatch.chdir(tmp_path)
    onnx.save(classifier(), "m.onnx")
    sizes = {}
    for precision in PRECISIONS:
        Path("dragoman.toml").write_text('precision = "f16"\n')
        flags = ["--precision", precision]
        build_cli(host).main(["convert", "m.onnx", "-q", "-o", precision, *flags], "dragoman", standalone_mode=False)
        sizes[precision] = Path(precision, "m.bin").stat().st_size
    assert sizes["f16"] < sizes["keep"] == sizes["f32"]


def _files(folder: Path) -> list[bytes]:
    return [(folder / f"m.{suffix}").read_bytes() for suffix in ("xml", "bin")]
