"""What dragoman_sdk gives out: every name resolves, the list is whole, and importing it loads nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dragoman_sdk


@pytest.mark.parametrize("name", dragoman_sdk.__all__)
def test_a_public_name_is_there(name: str) -> None:
    assert getattr(dragoman_sdk, name) is not None


def test_the_lists_agree() -> None:
    assert sorted(dragoman_sdk._WHERE) == sorted(set(dragoman_sdk.__all__) - {"__version__"})
    assert dir(dragoman_sdk) == dragoman_sdk.__all__
    assert not set(dragoman_sdk._MODULES) & set(dragoman_sdk.__all__), "a module would take the place of a name"


def test_another_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        dragoman_sdk.nothing  # noqa: B018


def test_importing_it_loads_nothing() -> None:
    code = "import sys; before = {*sys.modules}; import dragoman_sdk; print(*sorted({*sys.modules} - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()} - sys.stdlib_module_names
    assert loaded == {"dragoman_sdk"}
