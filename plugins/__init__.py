"""Modalities, formats, metrics and training templates; each folder is a plug-in."""
