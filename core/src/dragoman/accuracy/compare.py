"""The numbers of a comparison: absolute and relative error and cosine, per output."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dragoman.errors import AccuracyError, Problem
from dragoman.lazy import np

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


@dataclasses.dataclass(frozen=True)
class Difference:
    """One output: errors are relative to the largest absolute element of the source's output.

    ``max_rel`` and ``mean_rel`` are ``max_abs`` and ``mean_abs`` over that element; ``reason`` says why numbers cannot
    be compared (shape, type, or NaN in different places).
    """

    output: str
    shape: tuple[int, ...]
    max_abs: float
    mean_abs: float
    max_rel: float
    mean_rel: float
    cosine: float
    passed: bool
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Report:
    """What ``check`` found: one entry an output and data set."""

    model: str
    ir: str
    reference: str
    tolerance: float
    outputs: tuple[Difference, ...]
    #: which better references could not run the model, and why
    notes: tuple[str, ...] = ()
    #: of the IR's time, what layers take that run in their own framework; None when there are none
    offloaded: float | None = None

    @property
    def passed(self) -> bool:
        """Every output is within the tolerance."""
        return all(d.passed for d in self.outputs)

    def as_dict(self) -> dict[str, Any]:
        """The versioned JSON document."""
        outputs = [{k: _json(v) for k, v in dataclasses.asdict(d).items()} for d in self.outputs]
        head = {"document": "dragoman.check", "version": 1, "model": self.model, "ir": self.ir}
        return {
            **head,
            "reference": self.reference,
            "tolerance": self.tolerance,
            "passed": self.passed,
            "outputs": outputs,
            "notes": list(self.notes),
            "offloaded": self.offloaded,
        }

    def lines(self) -> Iterator[str]:
        """As a table."""
        width = max([6, *(len(d.output) for d in self.outputs)])
        yield f"{self.model} in {self.reference}, against {self.ir} in OpenVINO (f32), tolerance {self.tolerance:g}"
        yield f"{'output':<{width}}  {'max abs':>9}  {'mean abs':>9}  {'max rel':>9}  {'mean rel':>9}  {'cosine':>9}"
        for d in self.outputs:
            numbers = f"{d.max_abs:9.2e}  {d.mean_abs:9.2e}  {d.max_rel:9.2e}  {d.mean_rel:9.2e}  {d.cosine:9.6f}"
            yield f"{d.output:<{width}}  {numbers}  {'ok' if d.passed else d.reason or 'differs'}"
        if self.offloaded is not None:
            yield f"offloaded layers take {self.offloaded:.0%} of the IR's time"
        yield from (f"note: {note}" for note in self.notes)

    def error(self) -> AccuracyError:
        """The error for a report that did not pass."""
        bad = [d for d in self.outputs if not d.passed]
        return AccuracyError(
            "D701",
            f"{len(bad)} of {len(self.outputs)} outputs differ by more than {self.tolerance:g}",
            f"{self.model} against {self.ir}",
            "compare inner layers: convert with --output NAME for a layer in the middle and check again",
            problems=[Problem(d.reason or f"max rel {d.max_rel:.3g}", f"output {d.output!r}") for d in bad],
        )


def _json(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def compare(name: str, expected: Array, actual: Array, tolerance: float) -> Difference:
    """Errors of one output. Infinities must be equal; NaN must stand in the same places."""
    shape = tuple(expected.shape)
    worst = float("inf")
    if shape != tuple(actual.shape):
        reason = f"shape {list(actual.shape)} instead of {list(shape)}"
        return Difference(name, shape, worst, worst, worst, worst, 0.0, False, reason)
    if expected.dtype != actual.dtype:
        reason = f"type {actual.dtype} instead of {expected.dtype}"
        return Difference(name, shape, worst, worst, worst, worst, 0.0, False, reason)
    if expected.dtype.kind in "OSU":
        same = [str(a) for a in expected.reshape(-1)] == [str(b) for b in actual.reshape(-1)]
        return Difference(name, shape, 0.0, 0.0, 0.0, 0.0, 1.0, same, "" if same else "strings differ")
    a, b = expected.astype(np.float64).reshape(-1), actual.astype(np.float64).reshape(-1)
    special = ~np.isfinite(a) | ~np.isfinite(b)
    if special.any() and not np.array_equal(a[special], b[special], equal_nan=True):
        return Difference(name, shape, worst, worst, worst, worst, 0.0, False, "infinities or NaN differ")
    a, b = a[~special], b[~special]
    if not a.size:
        return Difference(name, shape, 0.0, 0.0, 0.0, 0.0, 1.0, True)
    error = np.abs(a - b)
    scale = max(float(np.abs(a).max()), 1e-30)
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    cosine = float(a @ b) / norm if norm else float(bool((a == b).all()))
    top, mean = float(error.max()), float(error.mean())
    small = top <= 1e-30
    return Difference(
        name, shape, top, mean, 0.0 if small else top / scale, 0.0 if small else mean / scale, cosine,
        small or top / scale <= tolerance,
    )  # fmt: skip


def compare_all(
    expected: Mapping[str, Array], actual: Mapping[str, Array], tolerance: float, suffix: str = ""
) -> list[Difference]:
    """Every output of the source; one that the IR lacks fails."""
    out = []
    for name, array in expected.items():
        if name in actual:
            out.append(compare(name + suffix, array, actual[name], tolerance))
        else:
            worst = float("inf")
            shape = tuple(array.shape)
            out.append(Difference(name + suffix, shape, worst, worst, worst, worst, 0.0, False, "missing in the IR"))
    return out
