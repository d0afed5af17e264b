"""Coverage-guided fuzzing of the ONNX reader and extractors with atheris (not part of the test run).

python -m tests.fuzz.onnx_atheris CORPUS_FOLDER [libFuzzer options]
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Seed the corpus folder when it is empty, then fuzz until a defect is found."""
    import atheris

    with atheris.instrument_imports(include=["dragoman", "dragoman_onnx"]):
        from tests.fuzz.target import convert_bytes

    from tests.fuzz.backend import backend_seeds
    from tests.fuzz.microsoft import microsoft_seeds
    from tests.fuzz.seeds import all_seeds

    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        folder = Path(sys.argv[1])
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in all_seeds():
            (folder / name).write_bytes(data)
        for index, data in enumerate((*backend_seeds()[::20], *microsoft_seeds())):
            (folder / f"seed{index}").write_bytes(data)
    atheris.Setup(sys.argv, convert_bytes)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
