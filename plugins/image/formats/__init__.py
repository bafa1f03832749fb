"""Formats of pictures and their labels."""
