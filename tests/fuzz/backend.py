"""Seeds out of ONNX's own backend tests: a model for each case, and the same with its inputs turned into constants."""

from __future__ import annotations

import functools
import warnings

import numpy as np
from onnx import ModelProto, numpy_helper
from onnx.backend.test.loader import load_model_tests

#: larger models say nothing more, slower
MAX_MODEL = 12_000
MAX_DATA = 4_000


@functools.cache
def backend_seeds() -> tuple[bytes, ...]:
    """Serialised models: as they are, with their integer inputs constant, and with all inputs constant."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = load_model_tests(kind="node")
    seeds: dict[bytes, None] = {}
    for case in cases:
        if case.model is None or case.model.ByteSize() > MAX_MODEL:
            continue
        seeds[case.model.SerializeToString()] = None
        arrays = dict(zip([i.name for i in case.model.graph.input], case.data_sets[0][0], strict=False))
        fitting = {k: v for k, v in arrays.items() if isinstance(v, np.ndarray) and v.nbytes <= MAX_DATA}
        numbers = {k: v for k, v in fitting.items() if v.dtype.kind in "iub"}
        for chosen in (numbers, fitting):
            if chosen:
                seeds[_frozen(case.model, chosen).SerializeToString()] = None
    return tuple(seeds)


def _frozen(model: ModelProto, arrays: dict[str, np.ndarray]) -> ModelProto:
    copy = ModelProto()
    copy.CopyFrom(model)
    kept = [i for i in copy.graph.input if i.name not in arrays]
    copy.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in arrays.items())
    del copy.graph.input[:]
    copy.graph.input.extend(kept)
    return copy
