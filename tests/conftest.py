"""Fixtures for all tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

#: whole suites that the fast inner loop (-m "not slow") leaves to the full run; one is run by naming its folder
SLOW = (
    "caffe/layers",
    "caffe/test_fixtures",
    "caffe/test_networks",
    "caffe/test_reference",
    "core/ops",
    "docs/test_guide",
    "e2e/networks",
    "e2e/test_examples",
    "e2e/test_scaffold",
    "onnx/differential",
    "onnx/layers",
    "sdk/test_plugin_check",
    "sdk/test_pytest_plugin",
    "sdk/test_scaffold",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow suites."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).as_posix().startswith(SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def own_cache() -> Iterator[None]:
    """The index of plugins goes into no user's cache folder."""
    held = os.environ.get("XDG_CACHE_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        yield
    if held is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = held


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with fixtures of real frameworks and runners of public suites; the test is skipped without it."""
    folder = Path(os.environ.get("DRAGOMAN_SHARED") or Path(__file__).parents[2] / "shared")
    if not folder.is_dir():
        pytest.skip(f"no shared fixtures at {folder.name}/: set DRAGOMAN_SHARED")
    return folder
