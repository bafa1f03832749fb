"""Taking in what services were asked: once each, and nothing that is not sound."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from studio.domain import canonical
from studio.domain.ids import ItemId, ModelId, UserId, new_id
from studio.domain.wire.releases import Answer, Detection
from tests.training.loop_workspace import picture_bytes
from tests.training.workspace import furnish
from training.data.sealing import seal_to
from training.node import Node, assemble
from training.releases import intake
from training.serving.spool import SUFFIX, Asked
from training.store import items, pools, predictions, services
from training.store.services import StoredService
from training.work import services as rules


class Intake:
    """A node with a service, and its spool."""

    def __init__(self, node: Node, folder: Path) -> None:
        self.node = node
        self.model = ModelId(new_id())
        self.spool = folder / "spool"
        self.spool.mkdir()
        project = furnish(node, 0, ()).project
        with node.store.write() as tx:
            made = rules.promote(node, tx, project, "cells", self.model, UserId(new_id()))
            stored = services.get(tx, made)
        assert stored is not None
        self.service: StoredService = stored

    def asked(self, picture: bytes, key: bytes = b"") -> ItemId:
        """A request in the spool, old enough to be taken."""
        request = ItemId(new_id())
        found = (Detection("cell", 0.8, (1.0, 2.0, 30.0, 40.0)),)
        asked = Asked(picture, "image/png", Answer(self.model, request, found, 64, 48), 5, "12.50")
        self.put(request, seal_to(key or self.node.keys.public_key, canonical.encode(asked)))
        return request

    def put(self, name: str, data: bytes) -> None:
        path = self.spool / f"{name}{SUFFIX}"
        path.write_bytes(data)
        os.utime(path, (0, 0))

    def take_in(self) -> int:
        return intake.take_in(self.node, self.service, self.spool, threading.Event())


@pytest.fixture
def taking(tmp_path: Path) -> Iterator[Intake]:
    folder = tmp_path / "w"
    folder.mkdir()
    node = assemble(folder)
    try:
        yield Intake(node, tmp_path)
    finally:
        node.close()


def test_a_request_becomes_an_item_with_its_answer_once(taking: Intake) -> None:
    request = taking.asked(picture_bytes(1, (64, 48)))
    again = next(taking.spool.iterdir()).read_bytes()
    assert taking.take_in() == 1
    # a node that was killed before it removed the file finds it again
    taking.put(request, again)
    assert taking.take_in() == 0
    assert list(taking.spool.iterdir()) == []
    with taking.node.store.read() as tx:
        stored = items.get(tx, request)
        assert stored is not None
        assert (stored.width, stored.height) == (64, 48)
        assert stored.group_key.endswith("12.50")
        assert taking.model in [row.model for row in predictions.of_item(tx, request)]
        pool = pools.get(tx, taking.service.pool)
        assert pool is not None
        assert (pool.name, pool.items) == ("Latest online data", 1)


def test_what_is_not_sound_is_dropped_and_the_rest_comes_in(taking: Intake) -> None:
    stranger = X25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    taking.put(new_id(), b"no box at all")
    taking.asked(picture_bytes(2, (64, 48)), stranger)
    taking.asked(b"no picture")
    good = taking.asked(picture_bytes(3, (64, 48)))
    assert taking.take_in() == 1
    assert list(taking.spool.iterdir()) == []
    with taking.node.store.read() as tx:
        assert items.get(tx, good) is not None
        pool = pools.get(tx, taking.service.pool)
        assert pool is not None
        assert pool.items == 1


def test_a_fresh_request_waits_for_more_to_come(taking: Intake) -> None:
    taking.asked(picture_bytes(4, (64, 48)))
    for path in taking.spool.iterdir():
        os.utime(path)
    assert taking.take_in() == 0
    assert len(list(taking.spool.iterdir())) == 1
