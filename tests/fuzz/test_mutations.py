"""Mutated models end in a DragomanError or convert; nothing else, quickly, in bounded memory.

100,000 of them, half by bytes and half by structure: ``DRAGOMAN_FUZZ=100000 pytest tests/fuzz -m slow -s``, which
prints the time, the slowest input and the growth.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.fuzz import campaign
from tests.fuzz.backend import backend_seeds
from tests.fuzz.ir import ir_seeds, mutate_ir, read_and_write
from tests.fuzz.microsoft import microsoft_seeds
from tests.fuzz.mutate import mutate
from tests.fuzz.seeds import all_seeds
from tests.fuzz.structure import mutate_model
from tests.fuzz.target import convert_bytes

CORPUS = Path(__file__).parent / "corpus"
#: of the slow runs; DRAGOMAN_FUZZ sets another
COUNT = int(os.environ.get("DRAGOMAN_FUZZ", "10000"))


def own_seeds() -> list[bytes]:
    return [data for _, data in all_seeds()]


def assert_bounded(found: campaign.Findings, count: int) -> None:
    print(found)
    assert sum(found.codes.values()) == count
    assert not found.failures, "\n".join(f"{place}\n{data.hex()}" for place, data in found.failures.items())
    assert found.slowest[0] < campaign.SECONDS, found.slowest[1].hex()
    assert found.grown_kb < campaign.GROWTH_KB, found.greediest[1].hex()
    assert len(found.codes) > 3, found.codes


@pytest.mark.parametrize("name, data", list(all_seeds()), ids=lambda v: v if isinstance(v, str) else "")
def test_the_seeds_convert(name: str, data: bytes) -> None:
    assert convert_bytes(data) == ""


def test_most_microsoft_seeds_convert() -> None:
    codes = [convert_bytes(data) for data in microsoft_seeds()]
    assert codes.count("") > 80
    assert set(codes) <= {"", "D302"}


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda p: p.name)
def test_inputs_that_once_failed(path: Path) -> None:
    target = read_and_write if path.suffix == ".ir" else convert_bytes
    found = campaign.run(iter([path.read_bytes()]), target)
    assert not found.failures, found.failures.keys()
    assert found.slowest[0] < campaign.SECONDS
    assert found.grown_kb < campaign.GROWTH_KB


def test_a_few_mutations() -> None:
    seeds = own_seeds()
    ways = [lambda data, rng: mutate(data, rng, seeds), mutate_model]
    assert_bounded(campaign.run(campaign.mixed(seeds, 600, random.Random(1), ways), convert_bytes), 600)


def test_a_few_mutations_of_ir() -> None:
    pairs = campaign.mixed(ir_seeds(False), 300, random.Random(1), [mutate_ir])
    assert_bounded(campaign.run(pairs, read_and_write), 300)


@pytest.mark.slow
def test_many_mutations_stay_bounded() -> None:
    rng = random.Random(2)
    seeds = [*backend_seeds(), *list(microsoft_seeds()) * 10, *own_seeds() * 100]
    rng.shuffle(seeds)
    for data in own_seeds():
        convert_bytes(data)  # what is loaded once is no growth
    ways = [lambda data, rng: mutate(data, rng, seeds), lambda data, rng: mutate_model(data, rng, seeds)]
    assert_bounded(campaign.run(campaign.mixed(seeds, COUNT, rng, ways), convert_bytes), COUNT)


@pytest.mark.slow
def test_many_mutations_of_ir_stay_bounded() -> None:
    pairs = campaign.mixed(ir_seeds(True), COUNT // 2, random.Random(3), [mutate_ir])
    assert_bounded(campaign.run(pairs, read_and_write), COUNT // 2)
