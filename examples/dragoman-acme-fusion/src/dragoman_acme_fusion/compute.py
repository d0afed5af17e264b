"""What OpenVINO calls at inference, in numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dragoman_acme_fusion.rms_norm import AcmeRmsNorm

    Array = np.ndarray[Any, Any]


def rms_norm(attrs: AcmeRmsNorm, x: Array, weight: Array) -> Array:
    """x / sqrt(mean(x * x, last axis) + epsilon) * weight."""
    scale = 1 / np.sqrt(np.mean(np.square(x), axis=-1, keepdims=True) + attrs.epsilon)
    y: Array = x * scale * weight
    return y
