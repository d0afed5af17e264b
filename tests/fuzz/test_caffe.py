"""Mutated prototxts and caffemodels end in a DragomanError or convert; nothing else, quickly, in bounded memory.

100,000 of each: ``DRAGOMAN_FUZZ=100000 pytest tests/fuzz -m slow -s -k caffe``.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.fuzz import campaign
from tests.fuzz.caffe import (
    convert_pair,
    convert_text,
    mutate_values,
    mutate_weights,
    mutate_words,
    own_pairs,
    pair,
    pair_seeds,
    random_net,
    reshape_weights,
    text_seeds,
)
from tests.fuzz.mutate import mutate
from tests.fuzz.test_mutations import COUNT, assert_bounded

CORPUS = Path(__file__).parent / "caffe_corpus"
#: where to go on in a campaign that is run in parts
SEED = int(os.environ.get("DRAGOMAN_FUZZ_SEED", "5"))


def fixtures() -> Path | None:
    """The fixtures of real Caffe, where there are any."""
    folder = Path(os.environ.get("DRAGOMAN_SHARED") or Path(__file__).parents[3] / "shared")
    return folder if folder.is_dir() else None


def texts(shared: Path | None, count: int, seed: int) -> campaign.Findings:
    seeds = text_seeds(shared)
    ways = [
        lambda data, rng: mutate(data, rng, seeds),
        lambda data, rng: mutate_words(data, rng, seeds),
        random_net,
        mutate_values,
        mutate_values,
        lambda data, rng: mutate_words(random_net(data, rng), rng, seeds),
    ]
    return campaign.run(campaign.mixed(seeds, count, random.Random(seed), ways), convert_text)


def weights(shared: Path | None, count: int, seed: int) -> campaign.Findings:
    seeds = pair_seeds(shared)
    ways = [lambda data, rng: mutate_weights(data, rng, seeds), reshape_weights]
    return campaign.run(campaign.mixed(seeds, count, random.Random(seed), ways), convert_pair)


def test_the_seeds_of_caffe_convert() -> None:
    assert {convert_text(data) for data in text_seeds(None)} == {""}


def test_the_seeds_of_weights_convert() -> None:
    assert {convert_pair(pair(*net)) for net in own_pairs()} == {""}


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*")), ids=lambda p: p.name)
def test_caffe_inputs_that_once_failed(path: Path) -> None:
    target = convert_pair if path.suffix == ".pair" else convert_text
    found = campaign.run(iter([path.read_bytes()]), target)
    assert not found.failures, found.failures.keys()
    assert found.slowest[0] < campaign.SECONDS
    assert found.grown_kb < campaign.GROWTH_KB


def test_a_few_mutations_of_caffe_texts() -> None:
    assert_bounded(texts(None, 400, 1), 400)


def test_a_few_mutations_of_caffe_weights() -> None:
    assert_bounded(weights(None, 400, 1), 400)


@pytest.mark.slow
def test_many_mutations_of_caffe_texts_stay_bounded() -> None:
    for data in text_seeds(fixtures()):
        convert_text(data)  # what is loaded once is no growth
    assert_bounded(texts(fixtures(), COUNT, SEED), COUNT)


@pytest.mark.slow
def test_many_mutations_of_caffe_weights_stay_bounded() -> None:
    for data in pair_seeds(fixtures())[:40]:
        convert_pair(data)
    assert_bounded(weights(fixtures(), COUNT, SEED), COUNT)
