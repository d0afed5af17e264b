"""Errors of ops on their way through the runtime, which passes on their text only, and not always that."""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dragoman.errors import PluginError

#: newest last
_raised: deque[PluginError] = deque(maxlen=16)


class _Pending(threading.local):
    error: PluginError | None = None


_pending = _Pending()


def remembered(error: PluginError) -> PluginError:
    """The error, to be raised inside an op."""
    _raised.append(error)
    _pending.error = error
    return error


@contextmanager
def own_errors() -> Iterator[None]:
    """Raises an op's own error in place of the RuntimeError that the runtime makes of it."""
    try:
        yield
    except RuntimeError as error:
        text = str(error)
        for held in reversed(_raised):
            if str(held) in text:
                raise held from None
        raise


def guard_inference(ov: Any) -> None:
    """Let synchronous inference raise what an op raised in the same thread.

    OpenVINO (2026.4.1) drops it when the CPU plugin runs in one thread (``INFERENCE_NUM_THREADS`` 1, the default on a
    machine of one core), and returns memory that nobody has written. ``openvino.InferRequest`` is Python, so that its
    method can be completed; models without ops in Python are not affected.
    """
    original = ov.InferRequest.infer
    if hasattr(original, "guarded"):
        return

    @functools.wraps(original)
    def infer(self: Any, *arguments: Any, **options: Any) -> Any:
        outer, _pending.error = _pending.error, None  # an op may run models of its own
        try:
            result = original(self, *arguments, **options)
            if _pending.error is not None:
                raise RuntimeError(str(_pending.error))
            return result
        finally:
            _pending.error = outer

    infer.guarded = True  # type: ignore[attr-defined]
    ov.InferRequest.infer = infer
