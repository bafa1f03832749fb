"""Evaluate: where a model is wrong, object by object, and what people make of it."""
