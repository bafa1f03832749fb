"""Review: what was handed in, to be looked at, returned or accepted."""
