"""Errors of ops on their way through the runtime, which passes on their text only, and not always that."""

from __future__ import annotations

import functools
import importlib
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from dragoman.errors import PluginError

#: in this thread a compiled model is made again of a request that knows
_known = threading.local()
#: newest last
_raised: deque[PluginError] = deque(maxlen=16)


def remembered(error: PluginError) -> PluginError:
    """The error, to be raised inside an op."""
    _raised.append(error)
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
    """Let inference survive what an op raises; both classes are Python, so that they can be completed.

    Of OpenVINO 2026.4.1:

    - Where the CPU plugin runs in one thread (``INFERENCE_NUM_THREADS`` 1, the default on a machine of one core),
      synchronous inference drops an exception and gives memory that nobody has written. It keeps the failed task too,
      and runs it before that of the next request, on memory of a request that may be gone. Asynchronous inference does
      neither, so that it is used in its place.
    - A queue that goes while its requests run waits for them and holds Python's lock, which they need.
    """
    if hasattr(ov.InferRequest.infer, "guarded"):
        return
    ov.InferRequest.infer = _guarded_infer(ov)
    ov.CompiledModel.create_infer_request = _telling_create(ov.CompiledModel.create_infer_request)
    ov.CompiledModel.__init__ = _telling_init(ov.CompiledModel.__init__)
    ov.InferRequest.get_compiled_model = _telling_get(ov.InferRequest.get_compiled_model)
    ov.AsyncInferQueue.__del__ = _finish


def _guarded_infer(ov: Any) -> Any:
    original = ov.InferRequest.infer
    ov_dict = importlib.import_module("openvino.utils.data_helpers").OVDict

    @functools.wraps(original)
    def infer(
        self: Any, inputs: Any = None, share_inputs: bool = False, share_outputs: bool = False, *,
        decode_strings: bool = True,
    ) -> Any:  # fmt: skip
        if not _in_one_thread(self):
            return original(self, inputs, share_inputs, share_outputs, decode_strings=decode_strings)
        self.start_async(inputs, share_inputs=share_inputs)
        self.wait()
        if decode_strings and not share_outputs:
            return self.results
        ports = self.get_compiled_model().outputs
        tensors = ((port, self.get_tensor(port)) for port in ports)
        return ov_dict({port: _array(tensor, share_outputs, decode_strings) for port, tensor in tensors})

    infer.guarded = True  # type: ignore[attr-defined]
    return infer


def _array(tensor: Any, shared: bool, decode: bool) -> Any:
    """A result as ``infer`` gives it; texts are always copied."""
    if tensor.get_element_type().get_type_name() == "string":
        return tensor.str_data if decode else tensor.bytes_data
    return tensor.data if shared else tensor.data.copy()


def _in_one_thread(request: Any) -> bool:
    """What its compiled model said when it was made; a request of which that is not known counts as such.

    It is not asked here: the plugin answers under a lock that another thread may hold while it waits for Python's.
    """
    return bool(getattr(request, "_in_one_thread", True))


def _telling_init(original: Any) -> Any:
    @functools.wraps(original)
    def init(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self._in_one_thread = True
        if not getattr(_known, "already", False):
            with suppress(RuntimeError, TypeError, ValueError):
                self._in_one_thread = int(self.get_property("INFERENCE_NUM_THREADS")) <= 1

    return init


def _telling_get(original: Any) -> Any:
    @functools.wraps(original)
    def get(self: Any) -> Any:
        _known.already = True
        try:
            model = original(self)
        finally:
            _known.already = False
        model._in_one_thread = _in_one_thread(self)
        return model

    return get


def _telling_create(original: Any) -> Any:
    @functools.wraps(original)
    def create(self: Any) -> Any:
        request = original(self)
        request._in_one_thread = getattr(self, "_in_one_thread", True)
        return request

    return create


def _finish(queue: Any) -> None:
    for request in queue:
        with suppress(RuntimeError):
            request.wait()
