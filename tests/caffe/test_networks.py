"""Whole networks of our own making: converted, run in OpenVINO, compared with OpenCV's engine or numpy."""

from __future__ import annotations

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
        order = matched(*(np.hstack([outputs["cls_prob"], outputs["bbox_pred"]]) for outputs in (found, expected)))
        expected = {name: rows[order] for name, rows in expected.items()}
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


def matched(ours, theirs):
    """For each region of ours the number of theirs; regions of nearly one score may have changed places."""
    assert ours.shape == theirs.shape, f"{len(ours)} regions, expected {len(theirs)}"
    order = np.abs(ours[:, None] - theirs).max(axis=2).argmin(axis=1)
    places = np.arange(len(order))
    assert np.array_equal(np.sort(order), places)
    assert np.abs(order - places).max() <= 2, "regions are in another order"
    return order


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
