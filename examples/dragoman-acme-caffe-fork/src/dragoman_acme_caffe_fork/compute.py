"""What OpenVINO calls at inference, in numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dragoman_acme_caffe_fork.taper import AcmeTaper

    Array = np.ndarray[Any, Any]


def taper(attrs: AcmeTaper, x: Array) -> Array:
    """Each column times its factor."""
    phase = np.arange(x.shape[-1]) % attrs.period / attrs.period
    y: Array = x * ((1 + np.cos(np.pi * phase)) / 2).astype(x.dtype)
    return y
