"""Atelier's desktop half: domain, client, shell and pages."""

__version__ = "0.1.0"
