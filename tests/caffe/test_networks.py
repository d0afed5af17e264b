"""Whole networks of our own making: converted, run in OpenVINO, compared with OpenCV's engine or numpy."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import numpy as np
import pytest

pytest.importorskip("cv2")
pytest.importorskip("openvino")

from tests.caffe.networks.catalogue import NETWORKS

import dragoman
from dragoman.runtime import IrRunner

pytestmark = pytest.mark.network

TOLERANCE = 1e-4
"""Largest difference over the largest magnitude of an output."""


def agree(entry, sizes, folder):
    net = entry.make(**sizes)
    _, model = net.save(folder)
    feeds = net.feeds()
    found = IrRunner(dragoman.convert(model).save(folder / "ir", name="m")).run(feeds)
    expected = entry.expected(partial(entry.make, **sizes), folder, feeds)
    assert found.keys() == expected.keys()
    if "im_info" in feeds:
        compare(reordered(found, expected), expected)
        expected = reordered(expected, found)
    compare(found, expected)


def compare(found, expected):
    for name, theirs in expected.items():
        ours = found[name]
        if name == "detection_out":
            ours, theirs = detections(ours), detections(theirs)
            assert len(theirs) > 20, "too few detections to say anything"
        assert ours.shape == theirs.shape, f"{name}: shape {ours.shape}, expected {theirs.shape}"
        largest = float(np.abs(theirs).max())
        assert 1e-3 < largest < 1e4, f"{name}: the network itself vanishes or explodes"
        assert theirs.std() > 1e-3 * largest, f"{name}: the network itself saturates"
        difference = float(np.abs(ours - theirs).max())
        assert difference <= TOLERANCE * largest, f"{name}: differs by {difference / largest:.3g} of {largest:.3g}"


def reordered(outputs, order):
    """For each region of `order` the nearest of those at most two places off: nearly equal scores change places."""
    wanted, rows = (np.hstack([found["cls_prob"], found["bbox_pred"]]) for found in (order, outputs))
    assert wanted.shape == rows.shape, f"{len(rows)} regions, expected {len(wanted)}"
    places = np.arange(len(rows))
    far = np.abs(places[:, None] - places) > 2
    nearest = np.where(far, np.inf, np.abs(wanted[:, None] - rows).max(axis=2)).argmin(axis=1)
    return {name: found[nearest] for name, found in outputs.items()}


def detections(rows):
    """Rows (image, label, confidence, box) up to the end mark, in an order that both engines share."""
    rows = rows.reshape(-1, 7)
    ended = np.flatnonzero(rows[:, 0] < 0)
    rows = rows[: ended[0]] if ended.size else rows
    return rows[np.lexsort((-rows[:, 2], rows[:, 1]))]


@pytest.mark.parametrize("name", NETWORKS)
def test_reduced_network_gives_the_numbers_of_the_other_engine(name, tmp_path):
    agree(NETWORKS[name], NETWORKS[name].reduced, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_whole_network_gives_the_numbers_of_the_other_engine(name, tmp_path):
    agree(NETWORKS[name], NETWORKS[name].full, tmp_path)


CONVERT = """
import dragoman, sys
dragoman.convert(sys.argv[1]).save(sys.argv[2], name="m")
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process's memory is read from /proc")
@pytest.mark.parametrize("name", ["alexnet", "caption", "yolo_v2", "resnet50"])
def test_memory_does_not_grow_with_the_weights(name, tmp_path):
    _, model = NETWORKS[name].make().save(tmp_path)
    assert model.stat().st_size > 100e6
    arguments = [sys.executable, "-c", CONVERT, str(model), str(tmp_path / "ir")]
    peak = int(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout) * 1024
    assert peak < 100e6
