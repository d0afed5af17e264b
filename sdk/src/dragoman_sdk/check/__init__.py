"""``dragoman plugin check`` and ``dragoman plugin test``: what an author should know of a plugin."""
