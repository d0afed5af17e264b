"""The models that the benchmarks convert: made from fixed seeds, kept in a folder and reused from it.

    python bench/models.py FOLDER [NAME ...]

prints one JSON line per model with its path and the bytes of its weights. The 4.3 GB model is made only when named."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT.parent / "tests" / "e2e" / "networks"))

import caffe_models  # noqa: E402
from synthetic import synthetic  # noqa: E402
from zoo import files  # noqa: E402
from zoo.bert import bert  # noqa: E402
from zoo.decoder import decoder  # noqa: E402
from zoo.forms import Net  # noqa: E402
from zoo.mobilenet import mobilenet_v2  # noqa: E402
from zoo.resnet import resnet50  # noqa: E402

OPSET = 17
MAKERS: dict[str, Callable[[], Net]] = {
    "mobilenet_v2": lambda: mobilenet_v2(OPSET, divide=1, classes=1000, image=224, folded=True),
    "resnet50": lambda: resnet50(OPSET, width=64, classes=1000, image=224, folded=True),
    "bert_base": lambda: bert(OPSET, hidden=768, heads=12, layers=12, vocabulary=30522, positions=512),
    "nodes_5000": lambda: synthetic(5_000, OPSET),
    "nodes_50000": lambda: synthetic(50_000, OPSET),
    "decoder_4gb": lambda: decoder(
        OPSET, hidden=2048, heads=16, layers=18, inner=5760, vocabulary=32768, positions=2048
    ),
}
LARGE = "decoder_4gb"


def prepare(name: str, folder: Path) -> dict[str, object]:
    """Make the model unless it is in the folder already; path of the model, of its side file, bytes of weights."""
    home = folder / name
    facts_file = home / "facts.json"
    if not facts_file.exists():
        home.mkdir(parents=True, exist_ok=True)
        facts = caffe_models.write(name, home) if name in caffe_models.MAKERS else write(name, home)
        partial = home / "facts.partial"
        partial.write_text(json.dumps(facts))
        os.replace(partial, facts_file)
    facts = json.loads(facts_file.read_text())
    side = str(home / facts["external"]) if facts["external"] else None
    return {"name": name, **facts, "model": str(home / facts["model"]), "external": side}


def write(name: str, home: Path) -> dict[str, object]:
    """Write an ONNX model; its facts."""
    net = MAKERS[name]()
    external = "weights.bin" if name == LARGE else None
    model = home / f"{name}.onnx"
    files.write(net, model, external)
    return {"nodes": len(net.nodes), "weight_bytes": net.weight_bytes, "model": model.name, "external": external}


def main() -> None:
    known = [*MAKERS, *caffe_models.MAKERS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(tempfile.gettempdir()) / "dragoman-bench")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(known)}; default: all but {LARGE}")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(known))
    if unknown:
        parser.error(f"no model named {', '.join(unknown)}; there are {', '.join(known)}")
    for name in arguments.names or [name for name in known if name != LARGE]:
        print(json.dumps(prepare(name, arguments.folder)), flush=True)


if __name__ == "__main__":
    main()
