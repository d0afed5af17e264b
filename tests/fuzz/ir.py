"""Mutations of IR files, and what they go through: reading, inference, and writing again."""

from __future__ import annotations

import functools
import random
import re

from dragoman.api import convert
from dragoman.errors import DragomanError, InternalError, PluginError, RuleError
from dragoman.ir.read import read_ir
from dragoman.ir.write import ir_bytes
from tests.fuzz.backend import backend_seeds
from tests.fuzz.mutate import mutate
from tests.fuzz.seeds import all_seeds
from tests.fuzz.target import MAX_IR, host

TEXTS = (
    "", "0", "1", "-1", "2", "7", "64", "1000000", "2147483648", "9223372036854775807", "18446744073709551616", "1e400",
    "nan", "inf", "-inf", "0.5", "true", "f32", "i64", "boolean", "string", "dynamic", "nf4", "u1", "1,2", "-1,-1",
    "1,2147483648,2147483648", "?", "...", "opset1", "opset8", "opset99", "extension", "Parameter", "Result", "Const",
    "If", "Loop", "TensorIterator", "Reshape", "MatMul", "Split", "Tile", "Range", "Convolution", "&#1114111;", "é",
)  # fmt: skip
_VALUE = re.compile(r'="([^"]*)"')
_LINE = re.compile(r"[^\n]*\n")


@functools.cache
def ir_seeds(many: bool) -> tuple[bytes, ...]:
    """``xml`` + NUL + ``bin`` of converted seeds."""
    models = [data for _, data in all_seeds()] + (list(backend_seeds()[::40]) if many else [])
    found = []
    for data in models:
        try:
            xml, weights = convert(data, host=host(), framework="onnx").ir()
        except DragomanError:
            continue
        found.append(xml + b"\0" + weights)
    return tuple(found)


def mutate_ir(pair: bytes, rng: random.Random) -> bytes:
    """One mutated copy: bytes anywhere, or the text's values and lines."""
    if rng.random() < 0.2:
        return mutate(pair, rng, [pair])
    data, _, weights = pair.partition(b"\0")
    xml = data.decode()
    for _ in range(rng.choice((1, 1, 2, 4))):
        xml = rng.choice((_other_value, _other_value, _other_value, _swapped, _without_line, _repeated_line))(xml, rng)
    if rng.random() < 0.1:
        weights = weights[: rng.randrange(len(weights) + 1)]
    return xml.encode() + b"\0" + weights


def _other_value(xml: str, rng: random.Random) -> str:
    found = rng.choice(list(_VALUE.finditer(xml)) or [None])
    if found is None:
        return xml
    return f'{xml[: found.start()]}="{rng.choice(TEXTS)}"{xml[found.end() :]}'


def _swapped(xml: str, rng: random.Random) -> str:
    """A value takes the place of another one."""
    values = list(_VALUE.finditer(xml))
    if not values:
        return xml
    found, other = rng.choice(values), rng.choice(values)
    return f'{xml[: found.start()]}="{other[1]}"{xml[found.end() :]}'


def _without_line(xml: str, rng: random.Random) -> str:
    found = rng.choice(list(_LINE.finditer(xml)) or [None])
    return xml if found is None else xml[: found.start()] + xml[found.end() :]


def _repeated_line(xml: str, rng: random.Random) -> str:
    lines = list(_LINE.finditer(xml))
    if not lines:
        return xml
    at = rng.choice(lines).start()
    return xml[:at] + rng.choice(lines)[0] * rng.choice((1, 1, 100)) + xml[at:]


def read_and_write(pair: bytes) -> str:
    """Read and write again; the code of the DragomanError, or an empty string. Defects and other exceptions escape."""
    xml, _, weights = pair.partition(b"\0")
    try:
        graph = read_ir(xml, weights, ops=host().op_registry())
        if sum(n.tensor.nbytes for n in graph if n.tensor is not None) < MAX_IR:
            ir_bytes(graph)
    except (InternalError, PluginError, RuleError):
        raise
    except DragomanError as error:
        code = error.code if error.what else "no text"
    else:
        return ""
    assert code.startswith("D"), "an error without a text"
    return code
