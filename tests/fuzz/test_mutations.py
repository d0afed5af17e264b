"""Mutated models end in a DragomanError or convert; nothing else, quickly, in bounded memory."""

from __future__ import annotations

import os
import random
import resource
import time
from pathlib import Path

import pytest

from tests.fuzz.mutate import mutate
from tests.fuzz.seeds import all_seeds
from tests.fuzz.structure import mutate_model
from tests.fuzz.target import convert_bytes

CORPUS = Path(__file__).parent / "corpus"
SECONDS = 5.0
GROWTH_KB = 500_000
#: of the slow run; DRAGOMAN_FUZZ sets another
COUNT = int(os.environ.get("DRAGOMAN_FUZZ", "10000"))


def run(count: int, seed: int) -> dict[str, int]:
    rng = random.Random(seed)
    seeds = [data for _, data in all_seeds()]
    codes: dict[str, int] = {}
    for k in range(count):
        seed_data = seeds[k % len(seeds)]
        data = mutate(seed_data, rng, seeds) if k % 2 else mutate_model(seed_data, rng)
        start = time.monotonic()
        try:
            code = convert_bytes(data)
        except Exception as error:
            pytest.fail(f"mutation {k} of seed {seed}: {type(error).__name__}: {error}\n{data.hex()}")
        assert time.monotonic() - start < SECONDS, f"mutation {k} of seed {seed} took too long: {data.hex()}"
        codes[code] = codes.get(code, 0) + 1
    return codes


@pytest.mark.parametrize("name, data", list(all_seeds()), ids=lambda v: v if isinstance(v, str) else "")
def test_the_seeds_convert(name: str, data: bytes) -> None:
    assert convert_bytes(data) == ""


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*")), ids=lambda p: p.name)
def test_inputs_that_once_failed(path: Path) -> None:
    convert_bytes(path.read_bytes())


def test_a_few_mutations() -> None:
    codes = run(600, seed=1)
    assert len(codes) > 3, codes


@pytest.mark.slow
def test_many_mutations_stay_bounded() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    codes = run(COUNT, seed=2)
    assert sum(codes.values()) == COUNT
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH_KB
