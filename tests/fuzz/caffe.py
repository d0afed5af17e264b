"""Caffe nets for the fuzzing of both readers: seeds, targets, and layers of every type with fields of every kind."""

from __future__ import annotations

import functools
import random
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from dragoman.files import MemorySource
from dragoman_caffe.definitions import FieldDef, built_in
from dragoman_caffe.layers import extractors
from dragoman_caffe.parameters import message_of, messages_of
from dragoman_caffe.weights import read_weights
from tests.fuzz.mutate import mutate
from tests.fuzz.target import outcome

INPUT = 'layer {{ name: "{0}" type: "Input" top: "{0}" input_param {{ shape {{ {1} }} }} }}\n'
#: what real nets look like: each uses other parts of the text form
OWN = (
    ('name: "a"\ninput: "x"\ninput_shape { dim: 1 dim: 3 dim: 8 dim: 8 }\n'
    'layer { name: "c" type: "Convolution" bottom: "x" top: "c" param { lr_mult: 1 } convolution_param { num_output: 4 '
    'kernel_size: [3, 3] pad: 1 weight_filler { type: "xavier" } } }\n'
    'layer { name: "b" type: "BatchNorm" bottom: "c" top: "c" batch_norm_param { use_global_stats: true eps: 1e-4 } }\n'
    'layer { name: "s" type: "Scale" bottom: "c" top: "c" scale_param { bias_term: true } }\n'
    'layer { name: "r" type: "ReLU" bottom: "c" top: "c" }\n'
    'layer { name: "p" type: "Pooling" bottom: "c" top: "p" pooling_param { pool: AVE kernel_size: 3 stride: 2 } }\n'
    'layer { name: "f" type: "InnerProduct" bottom: "p" top: "f" inner_product_param { num_output: 5 } }\n'
    'layer { name: "o" type: "Softmax" bottom: "f" top: "o" include { stage: "x" } include: < phase: TEST > }\n'),
    ('input: "data" input_dim: 2 input_dim: 4 input_dim: 5 input_dim: 5 # old\n'
    'layers { name: "n" type: LRN bottom: "data" top: "n" lrn_param: < local_size: 3; alpha: .5f > }\n'
    'layers { name: "d" type: DECONVOLUTION bottom: "n" top: "d" convolution_param { num_output: 4 '
    "kernel_size: 0x3 group: 2 } blobs_lr: 1 blobs_lr: 2 weight_decay: 1 weight_decay: 0 }\n"
    'layers { name: "e" type: ELTWISE bottom: "d" bottom: "d" top: "e" eltwise_param { coeff: 1 coeff: -2 } }\n'),
    ('input: "x" input_dim: 1 input_dim: 2 input_dim: 6 input_dim: 6\n'
    'layers { layer { name: "pad" type: "padding" pad: 2 } bottom: "x" top: "q" }\n'
    'layers { layer { name: "c" type: "conv" num_output: 2 kernelsize: 3 group: 2 biasterm: false } '
    'bottom: "q" top: "c" }\n'
    'layers { layer { name: "i" type: "innerproduct" num_output: 3 } bottom: "c" top: "i" }\n'),
    ('layer { name: "d" type: "Data" top: "x" top: "y" data_param { batch_size: 2 } transform_param { crop_size: 6 '
    "mean_value: 1 mean_value: 2 scale: 0.5 } include { phase: TEST } }\n"
    'layer { name: "s" type: "Slice" bottom: "x" top: "a" top: "b" slice_param { slice_point: 1 axis: 1 } }\n'
    'layer { name: "t" type: "Concat" bottom: "b" bottom: "a" top: "t" }\n'
    'layer { name: "m" type: "MVN" bottom: "t" top: "m" }\nlayer { name: "z" type: "AbsVal" bottom: "m" top: "z" }\n'
    'layer { name: "l" type: "SoftmaxWithLoss" bottom: "t" bottom: "y" top: "l" }\n'),
)  # fmt: skip
NUMBERS = (
    "0",
    "1",
    "2",
    "3",
    "-1",
    "-2",
    "7",
    "100",
    "65537",
    "2147483647",
    "4294967296",
    "9223372036854775807",
    "1e9",
)
SHAPES = ((1, 4, 6, 6), (2, 3, 8, 8), (1, 8), (2, 3, 4), (1, 2, 3, 4, 5), (5, 4), (3,), (1, 5, 1, 1), (4, 2))
FLOATS = ("0", "1", "-1", "0.5", "1e-30", "1e30", "nan", "inf", "-inf", "3.4e38", "1e300", ".1f")
SMALL = ("0", "1", "1", "1", "2", "2", "3", "4")
_WORD = re.compile(r'"[^"\n]*"|[A-Za-z_]\w*|-?[\d.][^\s{}<>,;\]]*|\S|\s+')


@functools.cache
def types() -> list[str]:
    """Every layer type that has an extractor."""
    return sorted({entry.op for group in extractors() for entry in group.entries})


@functools.cache
def text_seeds(shared: Path | None) -> list[bytes]:
    """Our own nets, one or two of every layer type (``caffe_nets.txt``), and the small ones of real Caffe."""
    every = Path(__file__).with_name("caffe_nets.txt").read_text(encoding="utf-8").split("#----\n")
    texts = [text.encode() for text in (*OWN, *every)]
    if shared is not None:
        files = sorted((shared / "fixtures" / "caffe").glob("*/deploy.prototxt"))
        texts += [data for data in (p.read_bytes() for p in files) if len(data) < 3000]
    return texts


def random_field(field: FieldDef, rng: random.Random, depth: int = 0) -> str:
    """A field with a value that fits its kind, mostly a small one."""
    if field.kind == "message":
        if depth > 2 or field.type in ("LayerParameter", "V1LayerParameter"):
            return ""
        inner = built_in().messages.get(field.type, {})
        chosen = [f for f in inner.values() if rng.random() < (0.05 if f.name.endswith("_filler") else 0.3)]
        return f"{field.name} {{ {' '.join(random_field(f, rng, depth + 1) for f in chosen)} }}"
    likely = rng.random() < 0.85
    if field.kind in ("int", "uint"):
        value = rng.choice(SMALL if likely else NUMBERS)
    elif field.kind in ("float", "double"):
        value = rng.choice(("0.5", "1", "2", "0.1") if likely else FLOATS)
    elif field.kind == "bool":
        value = rng.choice(("true", "false"))
    elif field.kind == "enum":
        value = rng.choice(list(built_in().enums.get(field.type, {"NONE": 0})))
    else:
        value = rng.choice(('"a"', '"constant"', '"xavier"', '""', '"1,2"', '"é"'))
    return f"{field.name}: {value} " * (rng.choice((1, 1, 2, 3)) if field.repeated else 1)


def random_layer(rng: random.Random, blobs: list[str], index: int) -> str:
    """A layer of any type, with fields of its own messages, that reads what there is."""
    kind = rng.choice(types())
    fields = built_in().messages["LayerParameter"]
    every = [f for f in fields.values() if f.kind == "message" and f.name.endswith("_param")]
    names = sorted(messages_of(kind) or {message_of(kind)})
    chosen = [fields[n] for n in names if n in fields and rng.random() < 0.9]
    if rng.random() < 0.1:
        chosen.append(rng.choice(every))
    bottoms = [rng.choice(blobs) for _ in range(rng.choice((0, 1, 1, 1, 1, 1, 2, 2, 3, 4)))]
    in_place = rng.random() < 0.1 and bottoms
    tops = [bottoms[0]] if in_place else [f"t{index}_{k}" for k in range(rng.choice((0, 1, 1, 1, 1, 1, 1, 2, 3)))]
    blobs += tops
    ports = " ".join([*(f'bottom: "{b}"' for b in bottoms), *(f'top: "{t}"' for t in tops)])
    return f'layer {{ name: "l{index}" type: "{kind}" {ports} {" ".join(random_field(f, rng) for f in chosen)} }}\n'


def random_net(data: bytes, rng: random.Random) -> bytes:
    """A net of up to four such layers behind inputs of likely shapes."""
    text, blobs = "", []
    for k in range(rng.choice((1, 1, 2, 3))):
        dims = rng.choice(
            ((1, 4, 6, 6), (2, 3, 8, 8), (1, 8), (2, 3, 4), (1, 2, 3, 4, 5), (5, 4), (3,), (1, 5, 1, 1), (4, 2))
        )
        text += INPUT.format(f"x{k}", " ".join(f"dim: {d}" for d in dims))
        blobs.append(f"x{k}")
    return (text + "".join(random_layer(rng, blobs, k) for k in range(rng.choice((1, 1, 2, 4))))).encode()


def mutate_words(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Words of a text exchanged, repeated, removed or taken from another text."""
    words = _WORD.findall(data.decode("utf-8", "replace"))
    for _ in range(rng.choice((1, 1, 2, 4))):
        if not words:
            break
        at = rng.randrange(len(words))
        edit = rng.randrange(6)
        if edit == 0 and words[at][:1].isdigit():
            words[at] = rng.choice((*SMALL, *NUMBERS, *FLOATS))
        elif edit == 1:
            words[at] = rng.choice((*NUMBERS, *FLOATS, "MAX", "true", '"x"', "{", "}", "[", "]", ":", "<", ">"))
        elif edit == 2 and words[at].startswith('"'):
            words[at] = f'"{rng.choice(types())}"'
        elif edit == 3:
            del words[at : at + rng.choice((1, 1, 4, 20))]
        elif edit == 4:
            length = rng.choice((2, 10, 40))
            words[at:at] = words[at : at + length]
        else:
            other = _WORD.findall(rng.choice(others).decode("utf-8", "replace"))
            start = rng.randrange(len(other))
            words[at:at] = other[start : start + rng.choice((2, 10, 60))]
    return "".join(words).encode()


def mutate_values(data: bytes, rng: random.Random) -> bytes:
    """A text that stays well-formed: other numbers, types and blob names, layers removed, repeated and exchanged."""
    text = data.decode("utf-8", "replace")
    for _ in range(rng.choice((1, 1, 2, 3))):
        edit = rng.randrange(6)
        if edit < 3:
            text = _one_of(r"(?<=: )-?[0-9][0-9.e-]*", text, rng, lambda: rng.choice((*SMALL, *NUMBERS, *FLOATS)))
        elif edit == 3:
            text = _one_of(r'(?<=type: ")[A-Z]\w*(?=")', text, rng, lambda: rng.choice(types()))
        elif edit == 4:
            name = rng.choice(re.findall(r'(?:bottom|top): "([^"]*)"', text) or ["x"])
            text = _one_of(r'(?<=to[mp]: ")[^"]*(?=")', text, rng, lambda name=name: name)
        else:
            layers = re.split(r"(?m)^(?=layers? \{)", text)
            at = rng.randrange(len(layers))
            layers[at : at + 1] = rng.choice(([], [layers[at]] * 2, [rng.choice(layers), layers[at]]))
            text = "".join(layers)
    return text.encode()


def _one_of(pattern: str, text: str, rng: random.Random, make: Callable[[], str]) -> str:
    found = list(re.finditer(pattern, text))
    if not found:
        return text
    place = rng.choice(found)
    return text[: place.start()] + make() + text[place.end() :]


def convert_text(data: bytes) -> str:
    """A prototxt in memory, its weights filled."""
    return outcome(data, framework="caffe", allow_missing_weights=True)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="dragoman-fuzz-")


@functools.cache
def _prototxt(text: str) -> Path:
    path = Path(_folder().name) / f"{abs(hash(text))}.prototxt"
    path.write_text(text, encoding="utf-8")
    return path


def pair(text: str, weights: bytes) -> bytes:
    """Both files as one input: the text, a line of its own, the weights."""
    return text.encode() + MARK + weights


MARK = b"\n#weights\n"


def convert_pair(data: bytes) -> str:
    """A ``.caffemodel`` in memory with its prototxt beside it; the text is not mutated."""
    text, _, weights = data.partition(MARK)
    return outcome(weights, framework="caffe", input_proto=_prototxt(text.decode()))


def pair_seeds(shared: Path | None) -> list[bytes]:
    """Our own nets with weights of every form, and the small ones of real Caffe."""
    found = [pair(*net) for net in own_pairs()]
    if shared is not None:
        for folder in sorted((shared / "fixtures" / "caffe").iterdir()):
            model, text = folder / "model.caffemodel", folder / "deploy.prototxt"
            if model.is_file() and text.is_file() and model.stat().st_size < 20_000:
                found.append(pair(text.read_text(encoding="utf-8"), model.read_bytes()))
    return [data for data in found if read_weights(MemorySource(data.partition(MARK)[2])).blobs]


def own_pairs() -> list[tuple[str, bytes]]:
    """Each of our nets with weights in V2, V1, V0, legacy, double and not packed form."""
    nets = (
        (OWN[0], {"c": [(4, 3, 3, 3), (4,)], "b": [(4,), (4,), (1,)], "s": [(4,), (4,)], "f": [(5, 64), (5,)]}),
        (OWN[1], {"d": [(4, 2, 3, 3), (4,)]}),
        (OWN[2], {"c": [(2, 1, 3, 3)], "i": [(3, 128), (3,)]}),
    )
    forms = [{"layer": w, "form": f} for w in (100, 2, 1) for f in ("packed", "single", "double", "raw", "legacy")]
    return [(text, weights_file(blobs, **form)) for text, blobs in nets for form in forms]


def weights_file(blobs: dict[str, list[tuple[int, ...]]], layer: int = 100, form: str = "packed") -> bytes:
    """A ``.caffemodel``; ``layer`` is the field of the layers, 1 for V0 inside V1."""
    out = b""
    for name, shapes in blobs.items():
        held = b"".join(field({100: 7, 2: 6, 1: 50}[layer], blob(shape, form)) for shape in shapes)
        if layer == 1:
            out += field(2, field(1, field(1, name.encode()) + held))
        else:
            out += field(layer, field(4 if layer == 2 else 1, name.encode()) + held)
    return out


def blob(shape: tuple[int, ...], form: str) -> bytes:
    """A BlobProto of ones."""
    count = 1
    for dim in shape:
        count *= dim
    count = min(count, 10_000)
    one = b"\0\0\x80\x3f"
    if form == "legacy":
        dims = (*[1] * (4 - len(shape)), *shape)[:4]
        head = b"".join(varint(k << 3) + varint(d) for k, d in enumerate(dims, start=1))
    else:
        head = field(7, field(1, b"".join(map(varint, shape))))
    if form == "single":
        return head + (b"\x2d" + one) * count
    if form == "double":
        return head + field(8, (b"\0" * 6 + b"\xf0\x3f") * count)
    if form == "raw":
        return head + b"\x50\x02" + field(12, b"\0\x3c" * count)
    return head + field(5, one * count)


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(number: int) -> bytes:
    out = bytearray()
    number &= (1 << 64) - 1
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def mutate_weights(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """The weights of a pair, byte by byte."""
    text, _, weights = data.partition(MARK)
    return text + MARK + mutate(weights, rng, [o.partition(MARK)[2] for o in (rng.choice(others),)])


def reshape_weights(data: bytes, rng: random.Random) -> bytes:
    """The weights of a pair in another form, with one or two shapes or numbers of blobs changed."""
    text, _, weights = data.partition(MARK)
    stored = read_weights(MemorySource(weights)).blobs
    shapes = {name: [held.tensor.shape for held in blobs] for name, blobs in stored.items()}
    for _ in range(rng.choice((0, 1, 1, 2))):
        name = rng.choice(list(shapes))
        held = shapes[name]
        edit = rng.randrange(5)
        if edit == 0 or not held:
            held.append(rng.choice(((1,), (), (4,), (2, 3))))
        elif edit == 1:
            held.pop()
        elif edit == 2:
            held.reverse()
        else:
            at = rng.randrange(len(held))
            dims = [*held[at], *([1] if edit == 3 else [])]
            if dims:
                dims[rng.randrange(len(dims))] = rng.choice((0, 1, 2, 3, 4, 5, 64, 1 << 31, 1 << 40, -1))
            held[at] = tuple(dims)
    form = rng.choice(("packed", "single", "double", "raw", "legacy"))
    return text + MARK + weights_file(shapes, rng.choice((100, 100, 2, 1)), form)
