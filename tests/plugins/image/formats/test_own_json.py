"""Atelier's own JSON carries the labelling template beside the items."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from plugins.image.formats.own_json import OwnJson
from plugins.pointcloud.generator.classes import ONTOLOGY
from studio.domain.contracts.formats import Budget, Problem, ReadItem, WriteItem
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Box, EgoPose, Track
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id
from studio.domain.ontology import AttributeType, ClassType, Ontology, RoleType, check_ontology
from studio.domain.space import NO_TURN
from studio.domain.wire.projects import Stream
from tests.plugins.formats_kit import Folder
from training.data.seen import Seen, with_new_classes

STREAM = StreamId("image")
TEMPLATE = Ontology(
    version=4,
    classes=(
        ClassType("vehicle", title="Vehicle", color="#102030", letter="V", key="1"),
        ClassType("car", title="Car", parent="vehicle", size_m=(4.0, 2.0, 1.5), letter="C", key="2"),
        ClassType("pole", attributes=(AttributeType("leans", "check"),), key="3"),
    ),
    tags=(ClassType("night"),),
    groups=(ClassType("rides", roles=(RoleType("rider", classes=("car",), minimum=1, maximum=1),)),),
)


def exported(folder: Path, template: Ontology = TEMPLATE) -> FolderTree:
    track = Track(TrackId(new_id()), "car")
    box = Box(ShapeId(new_id()), track.id, STREAM, 0, (4.0, 4.0, 40.0, 30.0))
    item = WriteItem("a", (Stream(STREAM, "image", "image", width=64, height=48),), (track, box), ((),))
    assert OwnJson().write([item], template, Folder(folder)) == ()
    return FolderTree(folder)


@pytest.mark.parametrize("template", [TEMPLATE, ONTOLOGY])
def test_the_template_comes_back_as_it_was_and_is_said_in_the_preview(
    tmp_path: Path, template: Ontology
) -> None:
    tree = exported(tmp_path, template)
    assert OwnJson().template(tree, Budget()) == template
    sniffed = OwnJson().sniff(tree)
    assert sniffed is not None
    assert sniffed.items == 1
    assert sniffed.classes == tuple(each.name for each in template.classes)
    assert not any(isinstance(each, Problem) for each in OwnJson().read(tree, Budget()))


def test_a_drive_with_nothing_but_its_rig_waits_to_be_labelled(tmp_path: Path) -> None:
    pose = EgoPose(EntityId(new_id()), 0, (0.0, 0.0, 0.0), NO_TURN)
    track = Track(TrackId(new_id()), "car")
    stream = Stream(STREAM, "image", "image", width=64, height=48)
    items = [
        WriteItem(name, (stream,), held, ((),)) for name, held in (("bare", (pose,)), ("full", (pose, track)))
    ]
    OwnJson().write(items, TEMPLATE, Folder(tmp_path))
    states = {
        each.source: each.state
        for each in OwnJson().read(FolderTree(tmp_path), Budget())
        if isinstance(each, ReadItem)
    }
    assert states == {"bare": "new", "full": "accepted"}


def test_a_project_gets_the_classes_that_it_lacks_as_they_were_there(tmp_path: Path) -> None:
    template = OwnJson().template(exported(tmp_path), Budget())
    own = ClassType("tree", letter="V", key="2", color="#00ff00")
    grown, new = with_new_classes(Ontology(version=7, classes=(own,)), Seen().classes(), template)
    check_ontology(grown)
    assert new == ("vehicle", "car", "pole", "night", "rides")
    assert grown.classes[0] == own
    vehicle, car, pole = grown.classes[1:]
    assert (vehicle.title, vehicle.color, vehicle.key, vehicle.letter) == ("Vehicle", "#102030", "1", "E")
    assert (car.parent, car.size_m, car.key, car.letter) == ("vehicle", (4.0, 2.0, 1.5), "", "C")
    assert (pole, grown.tags, grown.groups) == (TEMPLATE.classes[2], TEMPLATE.tags, TEMPLATE.groups)
    # a second import of the same brings nothing
    assert with_new_classes(grown, Seen().classes(), template) == (grown, ())


def test_a_class_that_is_there_stays_as_people_made_it(tmp_path: Path) -> None:
    template = OwnJson().template(exported(tmp_path), Budget())
    held = ClassType("car", title="Our car", color="#ff0000")
    grown, new = with_new_classes(Ontology(classes=(held,)), Seen().classes(), template)
    assert "car" not in new
    assert grown.class_type("car") == held


@pytest.mark.parametrize(
    ("schema", "ontology"),
    [(1, {"classes": [{"name": 3}]}), (1, {"classes": [{"name": "a", "parent": "b"}]}), (9999, {})],
)
def test_a_template_that_is_unsound_is_named_and_the_items_come_in(
    tmp_path: Path, schema: int, ontology: object
) -> None:
    tree = exported(tmp_path)
    wrong = {"atelier": "atelier.ontology", "schema": schema, "ontology": ontology}
    (tmp_path / "ontology.json").write_bytes(msgspec.json.encode(wrong))
    assert OwnJson().template(tree, Budget()) is None
    problem, item = OwnJson().read(tree, Budget())
    assert isinstance(problem, Problem)
    assert problem.path == "ontology.json"
    assert not isinstance(item, Problem)
