"""Offloaded parts at inference: each is run by the front-end of its framework."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dragoman.errors import PluginError
from dragoman.offload.ops import Offloaded

if TYPE_CHECKING:
    from dragoman.frontends.contract import Frontend
    from dragoman.graph.tensor import Array
    from dragoman.plugins import PluginHost

Run = Callable[[Sequence["Array"]], Sequence["Array"]]
OP = "Offloaded"


class Clock:
    """Seconds that offloaded parts have taken in this process, and how many calls; for ``check``."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls = 0
        self._lock = threading.Lock()

    def add(self, seconds: float) -> None:
        """One call."""
        with self._lock:
            self.seconds += seconds
            self.calls += 1


clock = Clock()


class Parts:
    """Computes ``Offloaded`` ops by the front-ends of a host; the function of the core's runtime op."""

    def __init__(self, host: PluginHost) -> None:
        self.host = host
        self._lock = threading.Lock()

    def __call__(self, attrs: Any, model: Array, *operands: Array) -> tuple[Any, ...]:
        start = time.perf_counter()
        run: Run | None = getattr(attrs, "runner", None)
        if run is None:
            run = self._runner(attrs, model)
        results = tuple(run(operands))
        clock.add(time.perf_counter() - start)
        return results

    def _runner(self, attrs: Offloaded, model: Array) -> Run:
        """Made once for an op and its copies."""
        with self._lock:
            held: Run | None = getattr(attrs, "runner", None)
            if held is None:
                held = _frontend(attrs.framework, self.host).submodel_runner(model.tobytes())
                object.__setattr__(attrs, "runner", held)
        return held


def _frontend(framework: str, host: PluginHost) -> Frontend:
    """PluginError D610 when no plugin has it."""
    for _, frontend in host.frontends():
        if frontend.name == framework:
            return frontend
    raise PluginError(
        "D610", f"no installed plugin runs layers of {framework}", "", "install the plugin of the framework"
    )
