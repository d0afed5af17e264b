"""IRs with custom ops, written by the converter's own emitter, and plugin hosts that compute them."""

from __future__ import annotations
