"""``dragoman demo`` with the Caffe plugin: a net made on the spot, converted and compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.caffe.support import run_model

import dragoman
from dragoman.cli import main
from dragoman_caffe import reference
from dragoman_caffe.example import write_example


def test_the_example_is_the_same_every_time(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        model = write_example(tmp_path / name)
        files.append((model.read_bytes(), model.with_suffix(".prototxt").read_bytes()))
    assert files[0] == files[1]


def test_the_example_tells_images_apart(tmp_path: Path) -> None:
    result = dragoman.convert(write_example(tmp_path), batch=8)
    images = np.random.default_rng(0).uniform(-1, 1, (8, 3, 64, 64)).astype(np.float32)
    found = run_model(result, {"data": images})["probabilities"]
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert found.std(axis=0).max() > 1e-4


def demo(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(["demo", "--framework", "caffe"])
    assert stopped.value.code == 0
    return capsys.readouterr().out


def test_the_demo_shows_the_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("cv2", reason="the demo compares with OpenCV")
    out = demo(capsys)
    assert "complete: every layer is converted" in out
    assert out.count(" ok\n") == 3


def test_the_demo_without_a_runner_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(reference, "missing_opencv", lambda *given: "pip install opencv")
    monkeypatch.setattr(reference, "missing_caffe", lambda *given: "no caffe")
    out = demo(capsys)
    assert "converted: demo.xml" in out
    assert "not compared: nothing installed can run caffe models; pycaffe: no caffe; OpenCV: pip install opencv" in out
