"""The node: it owns the data, the training and the releases."""
