"""The op at inference."""

from __future__ import annotations

import numpy as np
import pytest

from dragoman_sdk import RuntimeCase

X = np.linspace(-4, 4, 12, dtype=np.float32).reshape(3, 4)


@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_soft_clip(kind: type) -> None:
    x = X.astype(kind)
    expected = (1.5 * np.tanh(x.astype(np.float64) / 1.5)).astype(kind)
    tolerance = 1e-3 if kind is np.float16 else 1e-5
    RuntimeCase("AcmeSoftClip", [x], [expected], {"limit": 1.5}, tolerance=tolerance).check()
