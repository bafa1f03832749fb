"""Train: choose a template and a snapshot, press one button, watch it learn."""
