"""The cases that cannot be held to their stored numbers; the evidence is in ``docs/data/onnx-exceptions.toml``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from docs.generate.conformance import explanation


@dataclasses.dataclass(frozen=True)
class Random:
    """What numbers drawn at random must be; element type and shape are compared as ever."""

    what: str
    accepts: Callable[[Any], bool]


_DRAWN = Random("zeros and ones", lambda y: bool(np.isin(y, (0, 1)).all()))
#: ONNX fixes the distribution only: no two runtimes draw the same numbers, not even for one seed
RANDOM: dict[str, Random] = {
    f"test_bernoulli{kind}{form}": _DRAWN for kind in ("", "_double", "_seed") for form in ("", "_expanded")
}


def is_known(key: str) -> bool:
    """The case is known to be wrong, and no formulation saves it."""
    return key.partition("/")[2] not in RANDOM and bool(explanation(key))


_NEARER = (
    "f16 numbers, whose neighbours are further apart than the tolerance: the exact value at [0, 0, 2, 4] is 0.398295, "
    "which rounds to the runtime's 0.398438; the case holds the 0.397949 of a reference that rounds in between"
)
#: cases whose variants may give numbers nearer to the exact ones
NEARER: dict[str, str] = {"node/test_attention_4d_causal_fp16": _NEARER}
