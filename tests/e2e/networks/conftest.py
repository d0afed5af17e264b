"""Makes the package `zoo` beside this file importable by the tests of this folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def runtime():
    """One OpenVINO runtime for all networks; loading its plugins costs more than most of them."""
    openvino = pytest.importorskip("openvino")
    return openvino.Core()
