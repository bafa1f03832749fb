"""Closed environments: where code runs that nobody has to trust."""
