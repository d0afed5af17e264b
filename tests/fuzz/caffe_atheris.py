"""Coverage-guided fuzzing of the Caffe readers and extractors with atheris (not part of the test run).

python -m tests.fuzz.caffe_atheris texts|weights CORPUS_FOLDER [libFuzzer options]
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Seed the corpus folder when it is empty, then fuzz until a defect is found."""
    import atheris

    with atheris.instrument_imports(include=["dragoman", "dragoman_caffe"]):
        from tests.fuzz import caffe

    what, folder = sys.argv[1], Path(sys.argv[2])
    seeds = caffe.text_seeds(None) if what == "texts" else caffe.pair_seeds(None)
    folder.mkdir(parents=True, exist_ok=True)
    for index, data in enumerate(seeds):
        (folder / f"seed{index}").write_bytes(data)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], caffe.convert_text if what == "texts" else _weights)
    atheris.Fuzz()


def _weights(data: bytes) -> None:
    """Only the weights vary: their text is one of our own nets."""
    from tests.fuzz.caffe import MARK, OWN, convert_pair

    text, mark, weights = data.partition(MARK)
    known = text.decode("utf-8", "replace")
    convert_pair((known if known in OWN else OWN[0]).encode() + MARK + (weights if mark else data))


if __name__ == "__main__":
    main()
