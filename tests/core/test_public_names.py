"""What ``dragoman`` gives out stays what it is, whatever else is imported."""

from __future__ import annotations

import importlib
import pkgutil
import types

import pytest

import dragoman


@pytest.mark.parametrize("name", [n for n in dragoman.__all__ if n != "__version__"])
def test_no_module_takes_the_place_of_a_public_name(name: str) -> None:
    assert name not in {m.name for m in pkgutil.iter_modules(dragoman.__path__)}, (
        f"importing dragoman.{name} would put the module in the place of the public name"
    )
    assert not isinstance(getattr(importlib.import_module("dragoman"), name), types.ModuleType)
