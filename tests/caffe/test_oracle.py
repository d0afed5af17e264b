"""Asking an installed Caffe: what it answers, and every way in which it may fail to."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.caffe.doubles import script, use_double

from dragoman.errors import UsageError
from dragoman_caffe.oracle import AskedNet, Caffe, CaffeFailed

HEAD = 'layer { name: "in" type: "Input" top: "data" input_param { shape { dim: 1 dim: 4 dim: 2 dim: 3 } } }\n'
GROW = 'layer { name: "grow" type: "Grow" bottom: "data" top: "big" grow_param { factor: 3 } }\n'
RELU = 'layer { name: "relu" type: "ReLU" bottom: "data" top: "data" }\n'
SHIFT = 'layer { name: "up" type: "Power" bottom: "data" top: "out" power_param { shift: 2.5 } }\n'
X = np.arange(-12, 12, dtype=np.float32).reshape(1, 4, 2, 3)


def net(*layers: str, name: str = "net") -> AskedNet:
    return AskedNet(f'name: "{name}"\n{HEAD}' + "".join(layers))


@pytest.fixture
def caffe(monkeypatch: pytest.MonkeyPatch) -> Caffe:
    use_double(monkeypatch)
    return Caffe(sys.executable)


def failure(caffe: Caffe, asked: AskedNet) -> CaffeFailed:
    with pytest.raises(CaffeFailed) as caught:
        caffe.shapes(asked, {})
    assert caught.value.hint
    return caught.value


def test_shapes_of_all_blobs_are_those_of_the_prototxt(caffe: Caffe) -> None:
    assert caffe.shapes(net(GROW), {}) == {"data": (1, 4, 2, 3), "big": (1, 4, 6, 9)}


def test_shapes_follow_the_inputs_that_are_given(caffe: Caffe) -> None:
    assert caffe.shapes(net(GROW), {"data": (2, 4, 1, 1)})["big"] == (2, 4, 3, 3)


def test_caffe_may_print_what_it_likes_to_standard_output(caffe: Caffe) -> None:
    assert caffe.shapes(net(GROW, name="noise"), {})["big"] == (1, 4, 6, 9)


def test_python_layers_are_found_beside_the_prototxt(caffe: Caffe, tmp_path: Path) -> None:
    (tmp_path / "twice.py").write_text("def forward(x):\n    return x.repeat(2, 0)\n")
    layer = 'layer { name: "p" type: "Python" bottom: "data" top: "p" python_param { module: "twice" } }'
    asked = AskedNet(net(layer).text, str(tmp_path))
    assert caffe.shapes(asked, {})["p"] == (2, 4, 2, 3)


def test_modules_of_the_plugin_are_not_in_the_way_of_the_nets(caffe: Caffe, tmp_path: Path) -> None:
    (tmp_path / "shapes.py").write_text("def forward(x):\n    return x.repeat(5, 0)\n")
    layer = 'layer { name: "p" type: "Python" bottom: "data" top: "p" python_param { module: "shapes" } }'
    assert caffe.shapes(AskedNet(net(layer).text, str(tmp_path)), {})["p"] == (5, 4, 2, 3)


def test_stages_reach_caffe(caffe: Caffe) -> None:
    staged = GROW.replace("bottom", 'include { stage: "deploy" } bottom', 1)
    assert "big" not in caffe.shapes(net(staged), {})
    assert "big" in caffe.shapes(AskedNet(net(staged).text, stages=("deploy",)), {})


def test_a_run_gives_blobs_as_they_stand_in_the_end(caffe: Caffe) -> None:
    found = caffe.run(net(RELU, SHIFT), None, {"data": X}, ["data", "out"])
    np.testing.assert_array_equal(found["data"], np.maximum(X, 0))
    np.testing.assert_array_equal(found["out"], np.maximum(X, 0) + 2.5)


def test_a_value_given_inside_the_net_replaces_what_the_net_computes(caffe: Caffe) -> None:
    after = 'layer { name: "relu" type: "ReLU" bottom: "out" top: "y" }\n'
    found = caffe.run(net(SHIFT, after), None, {"data": X, "out": X}, ["y"])
    np.testing.assert_array_equal(found["y"], np.maximum(X, 0))


def test_a_net_that_caffe_rejects_aborts_and_its_last_words_are_told(caffe: Caffe) -> None:
    bad = 'layer { name: "w" type: "Warp" bottom: "data" top: "w" }'
    found = failure(caffe, net(bad))
    assert "aborts: Check failed: registry.count(type) == 1 (0 vs. 1) Unknown layer type: Warp" in found.what


def test_a_caffe_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    use_double(monkeypatch)
    start = time.monotonic()
    assert "within 1 seconds" in failure(Caffe(sys.executable, shapes_limit=1.0), net(name="hang")).what
    assert time.monotonic() - start < 8


def test_what_a_hanging_child_started_ends_with_it(tmp_path: Path) -> None:
    body = f"sleep 300 & echo $! > {tmp_path}/pid; sleep 300"
    assert "within 0.5 seconds" in failure(Caffe(script(tmp_path, body), shapes_limit=0.5), net()).what
    child = int((tmp_path / "pid").read_text())
    for _ in range(50):
        if not _alive(child):
            break
        time.sleep(0.1)
    assert not _alive(child)


def _alive(process: int) -> bool:
    """It exists and is no zombie that waits to be reaped."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_an_interpreter_without_caffe_is_told_by_its_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert (
        "cannot import caffe: ModuleNotFoundError: No module named 'caffe'"
        in failure(Caffe(sys.executable), net()).what
    )


def test_an_interpreter_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError) as caught:
        Caffe("/no/such/python").version()
    assert (caught.value.code, "/no/such/python" in caught.value.what) == ("D102", True)


@pytest.mark.parametrize(
    "body, said",
    [
        ("echo hello", "'hello\\n', which is no answer"),
        ("true", "nothing, which is no answer"),
        ("echo 'dragoman-caffe: {nonsense'", "'{nonsense', which is no answer"),
        ("echo 'dragoman-caffe: [1]'", "'[1]', which is no answer"),
        ('echo \'dragoman-caffe: {"blobs": {"a": ["x"]}}\'', "which is no answer"),
        ("echo 'dragoman-caffe: {\"blobs\": 7}'", "which is no answer"),
        ("echo broken >&2; exit 3", "exit code 3: broken"),
        ("kill -6 $$", "rejects the net and aborts"),
        ("exit 134", "rejects the net and aborts"),
    ],
)
def test_answers_that_are_none(tmp_path: Path, body: str, said: str) -> None:
    assert said in failure(Caffe(script(tmp_path, body)), net()).what


def test_endless_output_is_bounded(tmp_path: Path) -> None:
    talker = Caffe(script(tmp_path, "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done"), 1.5)
    assert "within 1.5 seconds" in failure(talker, net()).what


def test_the_version_tells_who_answers(caffe: Caffe) -> None:
    assert caffe.version() == f"Caffe 1.0.0-double, Python {sys.version.split()[0]}"
