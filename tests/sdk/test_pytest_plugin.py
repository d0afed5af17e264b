"""The fixtures work in the tests of a stranger, run by pytest itself, and cost runs that do not use them nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = """
from dragoman_sdk import onnx_layer


def test_graph(convert, golden):
    golden("relu", convert(onnx_layer("OP", {"x": "f32[?,3]"})))
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def outcome(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout.strip().splitlines()[-1].partition(" in ")[0]


def write(folder: Path, text: str) -> None:
    (folder / "test_it.py").write_text(text, encoding="utf-8")


def test_pytest_finds_it_and_it_imports_nothing_heavy() -> None:
    code = (
        "import sys; from importlib.metadata import entry_points;"
        "[p] = [p for p in entry_points(group='pytest11') if p.name == 'dragoman']; before = {*sys.modules}; p.load();"
        "print(sorted(m for m in {*sys.modules} - before if m.split('.')[0] in "
        "('numpy', 'openvino', 'hypothesis', 'dragoman', 'pluggy', 'click')))"
    )
    done = subprocess.run([sys.executable, "-c", f"import pytest; {code}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_run_without_our_fixtures_is_as_it_was(tmp_path: Path) -> None:
    write(
        tmp_path,
        "import sys, pytest\n\n@pytest.fixture\ndef convert(): return 'mine'\n\n"
        "def test_own_fixture(convert): assert convert == 'mine'\n\n"
        "def test_nothing_is_loaded(): assert not {'openvino', 'dragoman'} & {*sys.modules}\n",
    )
    assert outcome(run(tmp_path, "--strict-config", "--strict-markers", "-W", "error")) == "2 passed"


def test_a_golden_file_is_written_compared_and_shown(tmp_path: Path) -> None:
    write(tmp_path, GOLDEN.replace("OP", "Relu"))
    missing = run(tmp_path)
    assert missing.returncode == 1
    assert "pytest --update-golden writes it" in missing.stdout
    assert outcome(run(tmp_path, "--update-golden")) == "1 passed"
    file = tmp_path / "golden" / "relu.txt"
    assert "= Relu(%0): f32[?,3]" in file.read_text(encoding="utf-8")
    assert outcome(run(tmp_path)) == "1 passed"
    write(tmp_path, GOLDEN.replace("OP", "Abs"))
    other = run(tmp_path)
    assert other.returncode == 1
    assert "-  %1 'layer' = Relu(%0)" in other.stdout
    assert "+  %1 'layer' = Abs(%0)" in other.stdout
    assert "Relu" in file.read_text(encoding="utf-8"), "a file is only written when asked for"


def test_golden_files_are_written_by_workers_too(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    write(
        tmp_path,
        "import pytest\n\n@pytest.mark.parametrize('k', range(6))\n"
        "def test_it(golden, k): golden(f't{k % 3}', f'text {k % 3}')\n",
    )
    assert outcome(run(tmp_path, "-n", "2", "--update-golden")) == "6 passed"
    assert {f.name: f.read_text() for f in (tmp_path / "golden").iterdir()} == {
        f"t{k}.txt": f"text {k}\n" for k in range(3)
    }
    assert outcome(run(tmp_path, "-n", "2")) == "6 passed"


def test_a_name_that_leads_elsewhere_and_a_thing_without_text_are_refused(tmp_path: Path) -> None:
    write(
        tmp_path,
        "import pytest\n\n@pytest.mark.parametrize('name', ['', '../a', 'a/b', '.a'])\n"
        "def test_name(golden, name):\n"
        "    with pytest.raises(ValueError, match='not the name'):\n        golden(name, 'x')\n\n"
        "def test_thing(golden):\n    with pytest.raises(TypeError, match='int is no text'):\n        golden('a', 3)\n",
    )
    assert outcome(run(tmp_path, "--update-golden")) == "5 passed"
    assert not (tmp_path / "golden").exists()


def test_hosts_have_the_plugins_that_are_given(tmp_path: Path) -> None:
    (tmp_path / "acme.py").write_text(
        "from dragoman.hookspecs import PluginInfo, hookimpl\n\n"
        "@hookimpl\ndef dragoman_plugin_info():\n    return PluginInfo('onnx', 'takes its place')\n"
    )
    write(
        tmp_path,
        "import sys; sys.path.insert(0, '.')\nimport acme, pytest, types\n\n"
        "def test_all(plugin_host, dragoman_host):\n"
        "    held = plugin_host(acme).plugins\n"
        "    assert held['onnx'].module is acme and 'core' in held and held.keys() == dragoman_host.plugins.keys()\n\n"
        "def test_some(plugin_host):\n    assert plugin_host(installed=['caffe']).plugins.keys() == {'core', 'caffe'}\n"
        "    assert plugin_host(acme, installed=()).plugins.keys() == {'core', 'onnx'}\n\n"
        "def test_limits_of_the_environment_do_not_concern_it(plugin_host, monkeypatch):\n"
        "    monkeypatch.setenv('DRAGOMAN_PLUGINS', 'caffe')\n"
        "    assert plugin_host(acme, installed=()).plugins.keys() == {'core', 'onnx'}\n\n"
        "def test_no_plugin(plugin_host):\n"
        "    with pytest.raises(TypeError, match='pytest is no plugin'):\n        plugin_host(pytest)\n\n"
        "def test_broken(plugin_host):\n    from dragoman.hookspecs import PluginInfo, hookimpl\n"
        "    bad = types.SimpleNamespace(dragoman_plugin_info=hookimpl(lambda: PluginInfo('bad')),\n"
        "        dragoman_register_no_such_thing=hookimpl(lambda: []))\n"
        "    with pytest.raises(AssertionError, match='bad, load'):\n        plugin_host(bad)\n",
    )
    assert outcome(run(tmp_path)) == "5 passed"


def test_convert_takes_nets_without_files_and_options(tmp_path: Path) -> None:
    write(
        tmp_path,
        "from dragoman_sdk import CaffeNet, caffe_layer, run_ir\nimport numpy as np\n\n"
        "def test_net(convert):\n"
        "    parameters = 'inner_product_param { num_output: 1 }'\n"
        "    net = caffe_layer('InnerProduct', {'x': (1, 2)}, parameters, blobs=[[[2., 3.]], [1.]])\n"
        "    result = convert(net, inputs=['x[3,2]'])\n"
        "    assert run_ir(result, {'x': np.ones((3, 2), np.float32)})['y'].tolist() == [[6.0]] * 3\n",
    )
    assert outcome(run(tmp_path)) == "1 passed"
