"""Classes that data bring along."""

from studio.domain.entities import Box, Track
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.ontology import ClassType, Ontology, check_ontology
from studio.domain.values import attributes
from training.data.seen import Seen, with_new_classes


def item(class_name: str, **held: object) -> list:
    track = Track(EntityId(new_id()), class_name, attributes(**held))
    return [track, Box(EntityId(new_id()), track.id, StreamId("image"), 0, (0.0, 0.0, 1.0, 1.0))]


def seen_of(*items: list):
    seen = Seen()
    for each in items:
        seen.look_at(each)
    return seen.classes()


def test_the_same_data_make_the_same_classes_in_any_order():
    items = [item("car"), item("cat"), item("bus"), item("car")]
    first, names = with_new_classes(Ontology(), seen_of(*items))
    again, _ = with_new_classes(Ontology(), seen_of(*reversed(items)))
    assert first == again
    assert names == ("bus", "car", "cat")
    check_ontology(first)


def test_forty_classes_are_told_apart_by_colour_dash_and_letter():
    grown, _ = with_new_classes(Ontology(), seen_of(*(item(f"class {n}") for n in range(40))))
    assert len({(each.color, each.dash) for each in grown.classes}) == 40
    letters = [each.letter for each in grown.classes if each.letter]
    assert len(set(letters)) == len(letters) >= 36
    assert len({each.key for each in grown.classes if each.key}) == 10


def test_a_class_that_is_called_by_a_key_is_found_under_it():
    grown, _ = with_new_classes(Ontology(), seen_of(*(item(str(n)) for n in range(10))))
    assert {each.name: each.key for each in grown.classes} == {str(n): str(n) for n in range(10)}


def test_known_classes_stay_as_people_made_them():
    mine = ClassType("car", color="#123456", letter="C", key="1")
    grown, names = with_new_classes(Ontology(classes=(mine,)), seen_of(item("car"), item("cat")))
    assert grown.classes[0] == mine
    assert names == ("cat",)
    assert (grown.classes[1].letter, grown.classes[1].key) == ("A", "2")
    assert with_new_classes(grown, seen_of(item("car")))[1] == ()


def test_attributes_are_typed_by_their_values():
    grown, _ = with_new_classes(
        Ontology(),
        seen_of(
            item("car", doors=4, colour="red", parked=True, speed=1.5),
            item("car", doors=2.5, speed=3, parked=False),
            item("car", colour=7),
        ),
    )
    types = {each.name: each.type for each in grown.classes[0].attributes}
    assert types == {"doors": "number", "colour": "text", "parked": "check", "speed": "number"}
    assert grown.classes[0].geometries == ("box",)
