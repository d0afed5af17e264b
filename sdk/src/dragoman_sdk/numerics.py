"""Numbers of two runs, and a report that shows where they part.

    assert_close(run_ir(result, {"x": array}), {"y": expected})

Errors are relative to the largest absolute element of the expected array, as ``dragoman check`` counts them
(:mod:`dragoman.accuracy.compare`); integers, booleans and strings must be equal.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from dragoman.accuracy.compare import Difference, compare_all
from dragoman.runtime import IrRunner
from dragoman.session import Result

if TYPE_CHECKING:
    from dragoman.plugins import PluginHost

    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
    Outputs: TypeAlias = Mapping[str, Any] | Array

TOLERANCE = 1e-4
#: of one output, elements that a report lists
_LISTED = 3


def run_ir(ir: Result | str | Path | Any, feeds: Mapping[str, Any], host: PluginHost | None = None) -> dict[str, Array]:
    """Outputs by tensor name, computed by OpenVINO's CPU plugin with f32 as its inference precision.

    Args:
        ir: what ``dragoman.convert`` gives, the path of an ``.xml``, or an ``openvino.Model``.
        feeds: arrays by input name, or by position as text (``"0"``).
        host: plugins for the custom ops of an ``.xml``; the installed ones by default.

    Raises:
        ValueError: a name in ``feeds`` that the model does not have, or an input without data.
        PluginError: D607 (no OpenVINO), D610 to D612 (custom ops).
    """
    runner = IrRunner(ir.openvino() if isinstance(ir, Result) else ir, host)
    ports = [
        {*port.get_names(), port.get_node().get_friendly_name(), str(index)}
        for index, port in enumerate(runner.compiled.inputs)
    ]
    known = set().union(*ports)
    unknown = sorted(set(feeds) - known)
    if unknown:
        raise ValueError(f"the model has no input {', '.join(unknown)}; its inputs are {_called(ports)}")
    missing = [names for names in ports if not names & feeds.keys()]
    if missing:
        raise ValueError(f"no data for the input {_called(missing)}")
    return runner.run({name: np.asarray(array) for name, array in feeds.items()})


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What :func:`compare` found: printed, it is a table with the worst elements of each output that differs.

    Args:
        tolerance: largest allowed ``max_rel``.
        outputs: one entry an output of the expected side.
        details: lines on the outputs that differ, by name.
    """

    tolerance: float
    outputs: tuple[Difference, ...]
    details: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Every output is within the tolerance."""
        return all(d.passed for d in self.outputs)

    @property
    def worst(self) -> float:
        """The largest ``max_rel``; infinite where shapes or types differ."""
        return max((d.max_rel for d in self.outputs), default=0.0)

    def check(self, what: str = "") -> None:
        """AssertionError with the report (after ``what``) unless every output is within the tolerance."""
        if not self.passed:  # raised, not asserted: pytest would add the values of the expression to the report
            raise AssertionError(f"{what}: {self}" if what else str(self))

    def __str__(self) -> str:
        failed = [d for d in self.outputs if not d.passed]
        lines = [f"{len(failed)} of {len(self.outputs)} outputs differ (tolerance {self.tolerance:g})"]
        for d in self.outputs:
            shape = "x".join(map(str, d.shape)) or "scalar"
            numbers = f"max abs {d.max_abs:.3g}, max rel {d.max_rel:.3g}, cosine {d.cosine:.6f}"
            lines.append(f"  {d.output} [{shape}]: {'ok' if d.passed else d.reason or 'differs'}; {numbers}")
            lines += [f"    {line}" for line in self.details.get(d.output, ())]
        return "\n".join(lines)


def compare(found: Outputs, expected: Outputs, tolerance: float = TOLERANCE) -> Comparison:
    """Hold outputs against expected ones, by name; two bare arrays are one output called ``output``.

    Args:
        found: arrays by name; there may be more than are expected.
        expected: arrays by name.
        tolerance: largest error of an output, relative to its largest absolute element.

    Raises:
        ValueError: nothing is expected, or only one side has names.
    """
    if isinstance(found, Mapping) != isinstance(expected, Mapping):
        raise ValueError("give arrays by name on both sides, or a bare array on both")
    ours = {n: np.asarray(a) for n, a in found.items()} if isinstance(found, Mapping) else {"output": np.asarray(found)}
    theirs = (
        {n: np.asarray(a) for n, a in expected.items()}
        if isinstance(expected, Mapping)
        else {"output": np.asarray(expected)}
    )
    if not theirs:
        raise ValueError("no output is expected: a comparison of nothing always passes")
    differences = [_exact(d, ours, theirs) for d in compare_all(theirs, ours, tolerance)]
    details = {d.output: _details(ours, theirs[d.output], d, tolerance) for d in differences if not d.passed}
    return Comparison(tolerance, tuple(differences), details)


def assert_close(found: Outputs, expected: Outputs, tolerance: float = TOLERANCE) -> None:
    """:func:`compare`, and AssertionError with its report."""
    compare(found, expected, tolerance).check()


def _exact(difference: Difference, found: Mapping[str, Array], expected: Mapping[str, Array]) -> Difference:
    """Integers and booleans have no rounding that a tolerance could be for."""
    array = expected[difference.output]
    if not difference.passed or array.dtype.kind not in "biu":
        return difference
    same = np.array_equal(found[difference.output], array)
    return difference if same else dataclasses.replace(difference, passed=False, reason="integers differ")


def _details(found: Mapping[str, Array], expected: Array, difference: Difference, tolerance: float) -> tuple[str, ...]:
    ours = found.get(difference.output)
    if ours is None:
        return (f"outputs found: {', '.join(found) or 'none'}",)
    if ours.shape != expected.shape or ours.dtype != expected.dtype:
        return (f"found {ours.dtype}{list(ours.shape)}, expected {expected.dtype}{list(expected.shape)}",)
    if expected.dtype.kind in "OSU":
        past = np.array([str(a) != str(b) for a, b in zip(ours.flat, expected.flat, strict=True)], bool)
        error = past.astype(np.float64)
    else:
        error, past = _errors(ours.reshape(-1), expected.reshape(-1), tolerance)
    worst = np.argsort(-error, kind="stable")[:_LISTED]
    lines = [f"{int(past.sum())} of {past.size} elements are past the tolerance"]
    for flat in worst[past[worst]]:
        place = ", ".join(str(int(i)) for i in np.unravel_index(int(flat), expected.shape))
        lines.append(f"[{place}]: found {ours.flat[flat]!s}, expected {expected.flat[flat]!s}")
    return tuple(lines)


def _errors(ours: Array, theirs: Array, tolerance: float) -> tuple[Array, Array]:
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    finite = np.abs(b[np.isfinite(b)])
    scale = float(finite.max()) if finite.size else 0.0
    with np.errstate(invalid="ignore"):
        error = np.abs(a - b)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    error = np.where(same, 0.0, np.where(np.isfinite(error), error, np.inf))
    return error, error > (0.0 if theirs.dtype.kind in "biu" else tolerance * scale)


def _called(ports: list[set[str]]) -> str:
    """Each input by its best name: a position only where there is no other."""
    return ", ".join(sorted(names, key=lambda n: (n.isdigit(), n))[0] for names in ports) or "none"
