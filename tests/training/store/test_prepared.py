"""A prepared statement gives what SQLAlchemy gives for it, on either database."""

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from studio.domain.ids import new_id
from training.store.engine import Store
from training.store.items import items
from training.store.prepared import Prepared

ROW = {
    "project": new_id(),
    "name": "Straße.png",
    "name_key": "strasse.png",
    "state": "new",
    "revision": 3,
    "ontology_version": 1,
    "imported_ns": 2**62,
    "entities": 2,
    "shapes": 1,
    "remarks": 0,
    "unsure": True,
    "origin": None,
    "group_key": "",
    "sequence": "",
    "split_hint": "",
    "stream": "image",
    "kind": "image",
    "width": 64,
    "height": 48,
    "payload": b"\x00\xff",
    "fence": 0,
    "erased": False,
}
INSERT = Prepared(items.insert())


def test_rows_are_those_of_sqlalchemy_with_their_types(store: Store) -> None:
    some = [{**ROW, "id": new_id(), "unsure": unsure} for unsure in (True, False)]
    one = {**ROW, "id": new_id()}
    wanted = select(items).where(items.c.project == bindparam("project")).order_by(items.c.id)
    with store.write() as tx:
        tx.execute(INSERT, some)
        tx.execute(INSERT, one)
    with store.read() as tx:
        theirs = [tuple(row) for row in tx.execute(wanted, {"project": ROW["project"]})]
        ours = list(tx.execute(Prepared(wanted), {"project": ROW["project"]}))
    assert ours == theirs
    assert len(ours) == 3
    assert [[type(value) for value in row] for row in ours] == [
        [type(value) for value in row] for row in theirs
    ]


def test_literals_of_the_statement_itself_go_with_it(store: Store) -> None:
    two = [{**ROW, "id": new_id(), "width": width} for width in (1, 2)]
    first = Prepared(
        select(items.c.width)
        .where(items.c.project == bindparam("project"), items.c.erased.is_(False))
        .order_by(items.c.width)
        .limit(1)
    )
    with store.write() as tx:
        tx.execute(INSERT, two)
        assert tx.execute(first, {"project": ROW["project"]}).scalar_one() == 1
        assert tx.execute(first, {"project": new_id()}).one_or_none() is None


def test_a_refusal_of_the_database_is_the_error_that_sqlalchemy_raises(store: Store) -> None:
    same = {**ROW, "id": new_id()}

    def twice() -> None:
        with store.write() as tx:
            tx.execute(INSERT, same)
            tx.execute(INSERT, same)

    with pytest.raises(DBAPIError) as caught:
        twice()
    assert isinstance(caught.value, IntegrityError)
    with store.read() as tx:
        assert tx.execute(select(items.c.id).where(items.c.id == same["id"])).first() is None
