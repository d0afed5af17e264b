"""Random layers against onnxruntime: a seeded sample, and as many of every maker as DRAGOMAN_DIFFERENTIAL says."""

from __future__ import annotations

import os

import pytest
from tests.onnx.differential.campaign import run
from tests.onnx.differential.draw import MAKERS
from tests.onnx.differential.families import load
from tests.onnx.differential.trial import trial

load()
SAMPLE = 2


@pytest.mark.parametrize("maker", sorted(MAKERS))
def test_random_cases_are_equal_or_refused(maker: str) -> None:
    outcomes = [trial(maker, seed) for seed in range(SAMPLE)]
    bad = [o for o in outcomes if o.status in ("wrong", "failed")]
    assert not bad, "\n".join(f"{o.status} {o.what}\n{o.detail}" for o in bad)
    assert {o.status for o in outcomes} != {"invalid"}


@pytest.mark.slow
@pytest.mark.parametrize("maker", sorted(MAKERS))
def test_many_random_cases_are_equal_or_refused(maker: str) -> None:
    count = int(os.environ.get("DRAGOMAN_DIFFERENTIAL", "0"))
    if not count:
        pytest.skip("DRAGOMAN_DIFFERENTIAL is not set: the number of cases of every maker")
    seed = int(os.environ.get("DRAGOMAN_DIFFERENTIAL_SEED", "1"))
    outcomes = list(run(f"^{maker}$", seed, count))
    bad = [o for o in outcomes if o["status"] in ("wrong", "failed", "crashed")]
    assert not bad, "\n".join(f"{o['status']} {o['what']} (seed {o['seed']})\n{o['detail']}" for o in bad)
    assert len(outcomes) == count
