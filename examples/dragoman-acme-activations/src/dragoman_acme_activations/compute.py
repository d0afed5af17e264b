"""What OpenVINO calls at inference, in numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dragoman_acme_activations.ops import AcmeSoftClip


def soft_clip(attrs: AcmeSoftClip, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """limit * tanh(x / limit); a Python float keeps the type of x."""
    return attrs.limit * np.tanh(x / attrs.limit)
