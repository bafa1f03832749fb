"""Formats of texts and their labels."""
