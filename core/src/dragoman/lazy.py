"""Modules that are imported when first touched, so that a conversion pays only for what it uses."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any


class LazyModule(ModuleType):
    """Stands for a module until an attribute of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        module = importlib.import_module(self.__name__)
        value = getattr(module, name)
        self.__dict__[name] = value
        return value


if TYPE_CHECKING:
    import ml_dtypes as ml_dtypes
    import numpy as np
else:
    np = LazyModule("numpy")
    ml_dtypes = LazyModule("ml_dtypes")

__all__ = ["LazyModule", "ml_dtypes", "np"]
