"""The legacy converter as a peer: `mo` of openvino-dev 2023.3, the last that read Caffe, in its own environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PINS = ("openvino-dev[caffe]==2023.3.0", "numpy==1.23.5", "protobuf==3.20.3")
NEWEST = (3, 11)
"""The newest Python for which these have wheels."""


def mo(cache: Path) -> str:
    """The `mo` program; its virtual environment is made in the folder `cache` when it is not there yet."""
    home = cache / "mo-venv"
    ready = home / "ready"
    if not ready.exists():
        print(f"making {home} with {', '.join(PINS)}", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([_interpreter(), "-m", "venv", str(home)], check=True)
        subprocess.run([str(home / "bin" / "python"), "-m", "pip", "install", "-q", *PINS], check=True)
        ready.touch()
    return str(home / "bin" / "mo")


def command(program: str, model: Path, precision: str) -> list[str]:
    """What converts one model; {out} stands for the folder of the result."""
    half = "True" if precision == "f16" else "False"
    paths = ["--input_model", str(model), "--input_proto", str(model.with_suffix(".prototxt"))]
    return [program, *paths, "--output_dir", "{out}", "--model_name", "m", f"--compress_to_fp16={half}"]


def _interpreter() -> str:
    if sys.version_info[:2] <= NEWEST:
        return sys.executable
    wanted = "python" + ".".join(map(str, NEWEST))
    found = shutil.which(wanted, path=os.environ.get("PATH"))
    if found is None:
        raise SystemExit(f"the peer mo needs {wanted} on the PATH: its packages were never built for newer ones")
    return found
