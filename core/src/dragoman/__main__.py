"""``python -m dragoman``."""

from __future__ import annotations

from dragoman.cli import main

main()
