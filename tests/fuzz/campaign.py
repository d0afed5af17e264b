"""Many mutated inputs, one after the other: what escaped, how long the slowest took, how far memory grew."""

from __future__ import annotations

import dataclasses
import random
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

SECONDS = 5.0
GROWTH_KB = 500_000
#: address space that one input may ask for beyond what is there; a MemoryError then shows who asked
ADDRESS_SPACE = 4 << 30


class TookTooLong(BaseException):
    """Raised in the midst of an input that passes the limit; not an Exception, so that nothing catches it."""


@dataclasses.dataclass
class Findings:
    """What a campaign found."""

    codes: dict[str, int] = dataclasses.field(default_factory=dict)
    #: an input for each place that an exception came from
    failures: dict[str, bytes] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    slowest: tuple[float, bytes] = (0.0, b"")
    grown_kb: int = 0
    #: the largest growth of the peak by one input
    greediest: tuple[int, bytes] = (0, b"")

    def __str__(self) -> str:
        count = sum(self.codes.values())
        codes = ", ".join(f"{c or 'converted'}: {n}" for c, n in sorted(self.codes.items()))
        return (
            f"{count} inputs in {self.seconds:.0f} s, slowest {self.slowest[0]:.2f} s, peak grew by "
            f"{self.grown_kb // 1024} MB (by one input at most {self.greediest[0] // 1024} MB); {codes}"
        )


def run(inputs: Iterator[bytes], target: Callable[[bytes], str]) -> Findings:
    """Give every input to the target."""
    found = Findings()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew, at what is resident now
    started, first = time.monotonic(), peak_kb()
    previous = signal.signal(signal.SIGALRM, _too_long)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + ADDRESS_SPACE, limits[1]))
    try:
        for data in inputs:
            _one(data, target, found)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        resource.setrlimit(resource.RLIMIT_AS, limits)
    found.seconds = time.monotonic() - started
    found.grown_kb = peak_kb() - first
    return found


def _one(data: bytes, target: Callable[[bytes], str], found: Findings) -> None:
    before, start = peak_kb(), time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, 2 * SECONDS)
    try:
        code = target(data)
    except (Exception, TookTooLong) as error:
        code, place = "failed", _place(error)
        if all(k.partition(": ")[0] != place.partition(": ")[0] for k in found.failures):
            found.failures[place] = data
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    found.codes[code] = found.codes.get(code, 0) + 1
    found.slowest = max(found.slowest, (time.monotonic() - start, data), key=lambda f: f[0])
    found.greediest = max(found.greediest, (peak_kb() - before, data), key=lambda f: f[0])


def _place(error: BaseException) -> str:
    """The exception and where it came from."""
    cause = error.__cause__ or error
    frames = [f for f in traceback.extract_tb(cause.__traceback__) if "/src/dragoman" in f.filename]
    last = frames[-3:] if isinstance(error, TookTooLong) else frames[-2:]
    places = [f"{f.filename.rpartition('/src/')[2]}:{f.lineno}" for f in reversed(last)]
    return f"{type(cause).__name__} at {' <- '.join(places)}: {str(cause)[:100]!r}"


def mixed(
    seeds: Sequence[bytes], count: int, rng: random.Random, mutations: Sequence[Callable[[bytes, random.Random], bytes]]
) -> Iterator[bytes]:
    """``count`` mutated seeds, seeds and mutations taken in turn."""
    for k in range(count):
        yield mutations[k % len(mutations)](seeds[k // len(mutations) % len(seeds)], rng)


def peak_kb() -> int:
    """The largest resident size since it was last started anew."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def _address_space() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TookTooLong
