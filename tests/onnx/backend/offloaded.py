"""ONNX's backend cases with ``--offload-unsupported``, beside the plain conversion and onnxruntime alone:

python -m tests.onnx.backend.offloaded --json offload.json [--filter String]

``python -m docs.generate --offload offload.json`` makes the committed table of it.
"""

from __future__ import annotations

import argparse
import collections
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from tests.onnx.backend.cases import Case, all_cases, load
from tests.onnx.backend.judge import PASSED, REFUSED, Outcome, Program, Wrong, compare, core, host, judge

import dragoman
from dragoman.errors import DragomanError


class OffloadedProgram(Program):
    """Converted with offload; the runtime ops are registered as ``dragoman.runtime`` does it."""

    def __init__(self, model: onnx.ModelProto, **options: Any) -> None:
        result = dragoman.convert(model.SerializeToString(), host=host(), **options)
        self.layers = sum(len(part.layers) for part in result.context.offloaded)
        self.model = result.openvino()
        config = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
        try:
            self.compiled = core().compile_model(self.model, "CPU", config)
        except Exception as error:
            raise Wrong("uncompilable", error) from error


def judge_offloaded(case: Case, **options: Any) -> tuple[Outcome, int]:
    """The outcome with offload, and how many layers were offloaded."""
    layers = 0
    try:
        program = OffloadedProgram(case.model, **(options or {"offload_unsupported": True}))
        layers = program.layers
        for ins, outs in case.data:
            program.compare(case, dict(zip((i.name for i in case.inputs), ins, strict=False)), outs)
    except DragomanError as error:
        return Outcome(REFUSED, "; ".join(p.what for p in error.problems) or error.what), layers
    except Wrong as error:
        return error.outcome, layers
    return Outcome(PASSED), layers


def judge_onnxruntime(case: Case) -> Outcome:
    """The outcome of onnxruntime alone: ``refused`` when it does not load or run the model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(
            case.model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        for ins, outs in case.data:
            feeds = {
                i.name: a if a is None or isinstance(a, list) else np.asarray(a)
                for i, a in zip(case.inputs, ins, strict=False)
            }
            found = session.run(None, feeds)
            for port, got, wanted in zip(case.model.graph.output, found, outs, strict=False):
                _compare(port.name, got, wanted, case)
    except Wrong as error:
        return error.outcome
    except Exception as error:
        return Outcome(REFUSED, " ".join(str(error).split())[:300])
    return Outcome(PASSED)


def _compare(name: str, got: Any, wanted: Any, case: Case) -> None:
    """An output, which may be a sequence or an empty optional."""
    if wanted is None or got is None:
        if got is not wanted:
            raise Wrong("wrong values", f"output {name!r} is an optional of other content")
    elif isinstance(wanted, list):
        if len(wanted) != len(got):
            raise Wrong("wrong values", f"output {name!r} is a sequence of {len(got)}, expected {len(wanted)}")
        for a, b in zip(got, wanted, strict=True):
            _compare(name, a, b, case)
    else:
        compare(name, np.asarray(got), wanted, case)


def main() -> None:
    """Judge, count, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default="", help="cases whose kind/name match")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    results = []
    for key in (k for k in all_cases() if re.search(args.filter, k)):
        case = load(key)
        plain = judge(case)
        offloaded, layers = (plain, 0) if plain.status == PASSED else judge_offloaded(case)
        alone = judge_onnxruntime(case)
        results.append(
            {
                "case": key, "operator": case.group, "plain": plain.status, "offload": offloaded.status,
                "reason": offloaded.reason, "layers": layers, "onnxruntime": alone.status,
            }
        )  # fmt: skip
    for column in ("plain", "offload", "onnxruntime"):
        print(column, dict(collections.Counter(r[column] for r in results)))
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
