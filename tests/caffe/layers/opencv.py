"""Caffe nets of tests, run by OpenCV's own importer: an independent opinion on layers of forks."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from dragoman_sdk.caffe_model import save_net


def opencv_runs(
    text: str, feeds: Mapping[str, np.ndarray], blobs: Mapping[str, Sequence[Any]] | None = None
) -> np.ndarray:
    """The last blob of a net as OpenCV computes it; the test is skipped without OpenCV 4."""
    cv2 = pytest.importorskip("cv2", reason="no OpenCV: pip install 'opencv-python-headless<5'")
    with tempfile.TemporaryDirectory() as folder:
        prototxt, weights = save_net(folder, text, blobs or {"": []})
        net = cv2.dnn.readNetFromCaffe(str(prototxt), str(weights))
        for name, array in feeds.items():
            net.setInput(array, name)
        return np.array(net.forward())
