"""What the installed plugins said when they were last looked at, so that only those that are needed are imported."""
