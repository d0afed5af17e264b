"""Whole processes measured from outside: wall time, processor time and peak resident memory.

Imports nothing heavy on purpose. Linux counts the memory of the parent at the moment of exec into the child's peak
(getrusage(2), ru_maxrss survives execve), so the parent has to stay smaller than what it measures."""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

#: Installed packages have their byte code; what runs from a checkout keeps it after its first round.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Run:
    """Seconds, seconds of processor time (user and system), peak resident memory in MB (1e6 bytes); exit status."""

    wall: float
    cpu: float
    rss: float
    status: int
    log: str

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def run(command: Sequence[str], scratch: Path) -> Run:
    """Run one command to its end with its output in a log file; the program is looked up before the clock starts."""
    program = shutil.which(command[0])
    if program is None:
        return Run(0.0, 0.0, 0.0, 127, f"{command[0]}: no such program")
    log = scratch / "log.txt"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o644), (os.POSIX_SPAWN_DUP2, 1, 2)]
    start = time.perf_counter()
    child = os.posix_spawn(program, [program, *command[1:]], ENVIRONMENT, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    text = log.read_text(errors="replace")
    cpu = usage.ru_utime + usage.ru_stime
    return Run(wall, cpu, usage.ru_maxrss * 1024 / 1e6, os.waitstatus_to_exitcode(status), text)


def alternate(
    commands: dict[str, list[str]], rounds: int, scratch: Path, sources: Sequence[str] = ()
) -> dict[str, list[Run]]:
    """Run all commands in turn, `rounds` times, each into an empty folder; the order is reversed every other round.

    The word {out} of a command stands for that folder. The files `sources` are read before each run, because a peer
    that takes gigabytes of memory drives them out of the page cache. A command that failed is not run again."""
    results: dict[str, list[Run]] = {name: [] for name in commands}
    for index in range(rounds):
        order = list(commands) if index % 2 == 0 else list(reversed(commands))
        for name in order:
            if any(earlier.status for earlier in results[name]):
                continue
            out = scratch / "out"
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir(parents=True)
            os.sync()
            warm(sources)
            results[name].append(run([word.replace("{out}", str(out)) for word in commands[name]], scratch))
            shutil.rmtree(out, ignore_errors=True)
    return results


def warm(files: Sequence[str]) -> None:
    """Read files once, so that they are in the page cache."""
    for name in files:
        with open(name, "rb", buffering=0) as file:
            while file.read(1 << 22):
                pass


def median(runs: Sequence[Run], what: str) -> float:
    return statistics.median(getattr(entry, what) for entry in runs)


def paired_ratio(ours: Sequence[Run], theirs: Sequence[Run], what: str = "wall") -> float:
    """Median of the ratios of runs that stood beside each other."""
    return statistics.median(_ratios(ours, theirs, what))


def _ratios(ours: Sequence[Run], theirs: Sequence[Run], what: str) -> Iterator[float]:
    for mine, other in zip(ours, theirs, strict=False):
        yield getattr(mine, what) / getattr(other, what)
