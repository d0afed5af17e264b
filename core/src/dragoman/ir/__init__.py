"""OpenVINO IR: writing and reading the pair of ``.xml`` and ``.bin``."""
