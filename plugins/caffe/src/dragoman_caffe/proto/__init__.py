"""Caffe's message definitions: the facts as ``caffe.proto``, and the table that is generated from them."""

from __future__ import annotations
