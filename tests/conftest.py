"""Fixtures for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with fixtures of real frameworks and runners of public suites; the test is skipped without it."""
    folder = Path(os.environ.get("DRAGOMAN_SHARED") or Path(__file__).parents[2] / "shared")
    if not folder.is_dir():
        pytest.skip(f"no shared fixtures at {folder.name}/: set DRAGOMAN_SHARED")
    return folder
