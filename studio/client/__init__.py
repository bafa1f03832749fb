"""The public Python API: what talks to a node. Qt-free; docs/python-api.md shows it in use."""

from studio.client.activity import ActivityClock
from studio.client.background import Background, Cancelled, Task
from studio.client.client import Client
from studio.client.events import Gap
from studio.client.media import MediaRequest
from studio.client.open_document import OpenDocument
from studio.client.own_node import OwnNode
from studio.client.replica import Conflict
from studio.client.session import Session
from studio.client.work_state import Change, Work

__all__ = [
    "ActivityClock",
    "Background",
    "Cancelled",
    "Change",
    "Client",
    "Conflict",
    "Gap",
    "MediaRequest",
    "OpenDocument",
    "OwnNode",
    "Session",
    "Task",
    "Work",
]
