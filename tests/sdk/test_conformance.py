"""The conformance classes run on a plugin as its author's tests run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = """
from dragoman.hookspecs import PluginInfo, hookimpl
{heavy}

@hookimpl
def dragoman_plugin_info():
    return PluginInfo("acme", "a test plugin", requires=("onnx",))
"""
TEST = """
from dragoman_sdk import PluginConformance

class TestPlugin(PluginConformance):
    name = "acme"
"""


def outcome(folder: Path, monkeypatch: pytest.MonkeyPatch, heavy: str = "") -> str:
    """What pytest says of the plugin's conformance, in a process that finds it installed."""
    (folder / "acme_plugin.py").write_text(PLUGIN.format(heavy=heavy))
    info = folder / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[dragoman.plugins]\nacme = acme_plugin\n")
    (folder / "test_it.py").write_text(TEST)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder).stdout


def test_a_plugin_that_requires_another_one_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "4 passed" in outcome(tmp_path, monkeypatch)


def test_a_manifest_that_imports_something_heavy_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = outcome(tmp_path, monkeypatch, "import numpy")
    assert "1 failed, 3 passed" in found
    assert "test_its_manifest_imports_nothing_heavy" in found
