"""The index of a frame's shapes, against one made anew."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.image.shape_index import ShapeIndex, order_after, order_before
from studio.domain.deletion import deletion
from studio.domain.document import Document
from studio.domain.edit import change, creation
from studio.domain.entities import Polygon
from studio.domain.ids import ShapeId, TrackId, new_id
from tests.plugins.image.ground import STREAM, box_of

edges = st.floats(0, 90, allow_nan=False)
steps = st.lists(
    st.tuples(st.sampled_from(("draw", "paste", "outline", "move", "leave", "remove", "front", "back")),
              edges, edges, st.integers(0, 7)),
    max_size=25,
)  # fmt: skip


@given(steps)
def test_an_index_kept_in_step_equals_one_made_anew(steps):
    document = Document()
    index = ShapeIndex(document, STREAM, 0)
    for what, x, y, number in steps:
        key = index.keys[number % len(index)] if len(index) else None
        shape = document.get(key) if key else None
        low, high = index.lowest_and_highest_order()
        match what:
            case "draw":
                edit = creation("Draw", *box_of((x, y, x + 5, y + 9)))
            case "paste":
                pasted = [box_of((x + n, y, x + 5, y + 9)) for n in range(3)]
                edit = creation("Paste", *(entity for pair in pasted for entity in pair))
            case "outline":
                track, _ = box_of((0, 0, 1, 1))
                outline = ((x, y), (x + 4, y), (x, y + 7))
                polygon = Polygon(ShapeId(new_id()), TrackId(track.id), STREAM, 0, outline)
                edit = creation("Draw", track, polygon)
            case _ if shape is None:
                continue
            case "move" if isinstance(shape, Polygon):
                edit = change("Move", (shape, replace(shape, outline=((x, y), (x + 1, y), (x, y + 2)))))
            case "move":
                edit = change("Move", (shape, replace(shape, xyxy=(x, y, x + 2, y + 3))))
            case "leave":
                edit = change("Leave", (shape, replace(shape, frame=1)))
            case "remove":
                edit = deletion("Delete", document, [key])
            case "front":
                edit = change("Front", (shape, replace(shape, order=order_after(high))))
            case _:
                edit = change("Back", (shape, replace(shape, order=order_before(low))))
        document.apply(edit)
        index.update(frozenset(edit.changes))
        anew = ShapeIndex(document, STREAM, 0)
        assert index.keys == anew.keys
        assert index.rows == anew.rows
        assert index.rings == anew.rings
        assert np.array_equal(index.bounds, anew.bounds)
        assert index.under((x, y), 1.0) == anew.under((x, y), 1.0)


@given(st.integers(1, 200))
def test_order_keys_go_on_for_ever_in_both_directions(count):
    first = last = "m"
    for _ in range(count):
        assert order_before(first) < first
        assert order_after(last) > last
        first, last = order_before(first), order_after(last)


@pytest.mark.parametrize(("at", "found"), [((12, 12), True), ((18, 18), False), ((19.4, 10), True)])
def test_a_polygon_is_under_a_point_only_where_its_outline_is(at, found):
    document = Document()
    track, _ = box_of((0, 0, 1, 1))
    outline = ((10.0, 10.0), (20.0, 10.0), (10.0, 20.0))
    polygon = Polygon(ShapeId(new_id()), TrackId(track.id), STREAM, 0, outline)
    document.apply(creation("Draw", track, polygon))
    assert bool(ShapeIndex(document, STREAM, 0).under(at)) is found
