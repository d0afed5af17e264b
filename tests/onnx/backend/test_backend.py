"""ONNX's own backend cases through the IR on OpenVINO's CPU plugin: nothing wrong, and most of it converted.

A case is *passed*, *refused* (an UnsupportedError before anything is written), or wrong; see :mod:`judge`. Cases in an
older opset, with constant inputs or unknown dimensions: one in so many, all with ``DRAGOMAN_ALL_VARIANTS=1``.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.onnx.backend.cases import all_cases
from tests.onnx.backend.known import NEARER, is_known
from tests.onnx.backend.variants import VARIANTS, names
from tests.onnx.backend.worker import Worker

pytestmark = [pytest.mark.conformance, pytest.mark.slow]

CHUNKS = 40
PARTS = 4
AS_IT_IS = next(iter(VARIANTS))
LEAST_PASSED = 1750
FINE = ("passed", "refused", "unused")
SAMPLE = 1 if os.environ.get("DRAGOMAN_ALL_VARIANTS") else 6
SECONDS = 600


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the workers of pytest-xdist share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "onnx-backend"
    folder.mkdir(exist_ok=True)
    return folder


def outcomes(chunk: int, worker: Worker, folder: Path) -> dict[str, list[str]]:
    """Status and reason of the cases of a chunk; judged once, by whoever asks first."""
    done, claim = folder / f"{chunk}.json", folder / f"{chunk}.claim"
    try:
        claim.touch(exist_ok=False)
    except FileExistsError:
        until = time.monotonic() + SECONDS
        while not done.exists() and time.monotonic() < until:
            time.sleep(0.2)
        return json.loads(done.read_text())
    keys = list(all_cases())
    part = keys[chunk * len(keys) // CHUNKS : (chunk + 1) * len(keys) // CHUNKS]
    found = {key: [o.status, o.reason] for key in part for o in [worker.judge(AS_IT_IS, key)]}
    made = done.with_suffix(".part")
    made.write_text(json.dumps(found))
    made.rename(done)
    return found


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_case_is_wrong(chunk: int, worker: Worker, results: Path) -> None:
    found = outcomes(chunk, worker, results)
    assert found
    wrong = {k: r for k, r in found.items() if r[0] not in FINE and not is_known(k)}
    assert not wrong, "\n".join(f"{k}: {status}: {reason}" for k, (status, reason) in wrong.items())


def test_most_cases_pass(worker: Worker, results: Path) -> None:
    found = {k: r for chunk in range(CHUNKS) for k, r in outcomes(chunk, worker, results).items()}
    assert len(found) == len(all_cases())
    passed = sum(status == "passed" for status, _ in found.values())
    assert passed >= LEAST_PASSED


def test_what_is_known_to_be_wrong_is(worker: Worker, results: Path) -> None:
    found = {k: r for chunk in range(CHUNKS) for k, r in outcomes(chunk, worker, results).items()}
    right = [k for k, (status, _) in found.items() if status == "passed" and is_known(k)]
    assert not right, "take them off the list of exceptions"


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("variant", names())
def test_no_variant_is_wrong(variant: str, part: int, worker: Worker) -> None:
    keys = [k for k in all_cases() if not is_known(k) and k not in NEARER]
    sample = keys[list(names()).index(variant) % SAMPLE :: SAMPLE]
    found = {key: worker.judge(variant, key) for key in sample[part::PARTS]}
    wrong = {k: o for k, o in found.items() if o.status not in FINE}
    assert not wrong, "\n".join(f"{k}: {o.status}: {o.reason}" for k, o in wrong.items())
