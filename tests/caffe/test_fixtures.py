"""Nets that real Caffe ran give Caffe's numbers, inner blobs included; nets that Caffe refuses are refused."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest
from tests.caffe.support import Fixture

import dragoman
from dragoman.errors import DragomanError, SourceError, UnsupportedError

FOLDER = Path(os.environ.get("DRAGOMAN_SHARED") or Path(__file__).parents[3] / "shared") / "fixtures" / "caffe"
INDEX = json.loads((FOLDER / "INDEX.json").read_text(encoding="utf-8")) if FOLDER.is_dir() else {}
QUIRKS = sorted(name for name, entry in INDEX.items() if "quirk" in entry["tags"])
CUSTOM = sorted(name for name, entry in INDEX.items() if "custom" in entry["tags"])
PLAIN = sorted(set(INDEX) - set(QUIRKS) - set(CUSTOM))
REJECTED = sorted(path.name for path in (FOLDER / "rejected").glob("*"))


@pytest.mark.parametrize("name", PLAIN)
def test_a_net_gives_caffes_numbers(shared: Path, name: str) -> None:
    Fixture(shared, name).check()


@pytest.mark.parametrize("name", QUIRKS)
def test_an_odd_net_gives_caffes_numbers_or_is_refused(shared: Path, name: str) -> None:
    errors = {"refused": 0.0}
    with contextlib.suppress(SourceError, UnsupportedError):
        errors = Fixture(shared, name).errors()
    assert max(errors.values()) <= 1e-4, errors


@pytest.mark.parametrize("name", REJECTED)
def test_a_net_that_caffe_refuses_is_refused_with_a_reason(shared: Path, name: str) -> None:
    with pytest.raises(DragomanError) as caught:
        dragoman.convert(shared / "fixtures" / "caffe" / "rejected" / name / "deploy.prototxt")
    assert caught.value.code[:2] in ("D2", "D3")
    assert caught.value.code not in ("D203", "D207", "D213", "D301"), caught.value
