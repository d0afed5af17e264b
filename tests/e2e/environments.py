"""Virtual environments in which packages are really installed, without a network and without copies of what is here.

What is not ours (numpy, openvino, pytest...) is linked from the environment of the tests; dragoman's own packages are
built once as wheels, and installed by pip.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "dragoman": ROOT / "core",
    "dragoman-onnx": ROOT / "plugins" / "onnx",
    "dragoman-caffe": ROOT / "plugins" / "caffe",
    "dragoman-sdk": ROOT / "sdk",
}
#: of what the environment of the tests has, that which a bare one has not
OURS = ("dragoman", "_dragoman", "__editable__", "distutils-precedence.pth")


def pip(*arguments: str | Path, codes: Sequence[int] = (0,)) -> str:
    """What pip of the environment of the tests prints."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout


def wheels_of(folder: Path, sources: Sequence[Path]) -> list[Path]:
    """Wheels of the packages in these folders."""
    for needed in ("pip", "hatchling"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed, which builds and installs packages")
    pip("wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", folder, *sources)
    return sorted(folder.glob("*.whl"))


class Environment:
    """A virtual environment below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        self.bin = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / "python"
        linked = folder / "third-party"
        linked.mkdir()
        for site in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
            for entry in Path(site).iterdir():
                if not entry.name.startswith(OURS) and not (linked / entry.name).exists():
                    (linked / entry.name).symlink_to(entry)
        (self.site / "third-party.pth").write_text(str(linked))

    @property
    def site(self) -> Path:
        """Where packages are installed."""
        known = {"base": str(self.folder), "platbase": str(self.folder)}
        return Path(sysconfig.get_path("purelib", "venv", known))

    def install(self, *wheels: Path) -> None:
        """``pip install`` of wheels."""
        pip("--python", self.python, "install", "--no-deps", "--no-index", "--no-compile", *wheels)

    def uninstall(self, name: str) -> None:
        """``pip uninstall``."""
        pip("--python", self.python, "uninstall", "--yes", name)

    def complaints(self, name: str) -> list[str]:
        """What ``pip check`` says of a package: requirements that are missing, or of another version."""
        said = pip("--python", self.python, "check", codes=(0, 1))
        return [line for line in said.splitlines() if line.startswith(f"{name} ")]

    def run(self, *command: str | Path, folder: Path, code: int = 0) -> str:
        """What a command of the environment (``python``, ``dragoman``) prints, both streams; asserts its exit code."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "DRAGOMAN", "PYTEST"))}
        done = subprocess.run(
            [self.bin / command[0], *map(str, command[1:])],
            cwd=folder,
            env={**clean, "PATH": f"{self.bin}{os.pathsep}{clean['PATH']}", "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == code, f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}"
        return done.stdout
