"""Whole Caffe networks of our own making, with random weights that keep their activations alive."""

from __future__ import annotations
