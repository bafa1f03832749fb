"""The public Python API: what talks to a node. Qt-free; docs/python-api.md shows it in use."""

from studio.client.client import Client
from studio.client.own_node import OwnNode

__all__ = ["Client", "OwnNode"]
