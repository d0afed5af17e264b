"""``dragoman plugin new``: a complete package with a worked example, which its author edits."""
