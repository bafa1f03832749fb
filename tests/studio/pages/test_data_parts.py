"""Parts of the Data and Home pages that need no node."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from studio.client.sniffing import Candidate, PreviewItem
from studio.domain.contracts.formats import Sniffed
from studio.domain.entities import Box, Track
from studio.domain.ids import EntityId, ItemId, PoolId, StreamId, new_id
from studio.domain.ontology import ClassType, Ontology, check_ontology
from studio.domain.wire.jobs import ImportProblem, ImportReport
from studio.domain.wire.projects import ClassCount, ItemQuery, ItemRow, ProjectSummary
from studio.pages.data.filters import Filters
from studio.pages.data.import_preview import ImportPreview
from studio.pages.data.import_report import ImportReportView, heading, sentence
from studio.pages.data.importing import left
from studio.pages.data.overlay import boxes_of
from studio.pages.home.classes import ontology_of
from studio.pages.label.around import renditions
from studio.pages.sheet import COLUMNS, cell_of, line_of

SUMMARY = ProjectSummary(
    3,
    (("new", 2), ("accepted", 1)),
    (ClassCount("car", 5, 2), ClassCount("van", 1, 1)),
    (("night", 1),),
    unsure=1,
)
ROW = ItemRow(ItemId("i"), "a/b/photo.png", "returned", 4, 7, (("car", 2), ("van", 5)), ("night",), 640, 480,
              remarks=1, unsure=True)  # fmt: skip


def test_filters_stand_for_the_query_that_they_were_given(qtbot: QtBot) -> None:
    filters = Filters(lambda _kind, _key: None)
    qtbot.addWidget(filters)
    filters.show_summary(SUMMARY)
    query = ItemQuery(text="photo", classes=("car",), tags=("night",), states=("accepted",), unsure=True,
                      order="newest", pool=PoolId("p"))  # fmt: skip
    filters.show_query(query)
    assert filters.query() == query


def test_filters_that_no_item_fits_any_more_stay_chosen(qtbot: QtBot) -> None:
    filters = Filters(lambda _kind, _key: None)
    qtbot.addWidget(filters)
    filters.show_query(ItemQuery(classes=("ghost",)))
    filters.show_summary(SUMMARY)
    assert filters.query().classes == ("ghost",)


def test_a_tick_in_the_filters_is_heard_once(qtbot: QtBot) -> None:
    filters = Filters(lambda _kind, _key: None)
    qtbot.addWidget(filters)
    filters.show_summary(SUMMARY)
    heard: list[ItemQuery] = []
    filters.changed.connect(heard.append)
    filters.classes.item(1).setCheckState(Qt.CheckState.Checked)
    assert [query.classes for query in heard] == [("van",)]
    filters.clear()
    assert heard[-1] == ItemQuery()


def test_the_clips_of_a_drive_are_shown_alone_and_said(qtbot: QtBot) -> None:
    filters = Filters(lambda _kind, _key: None)
    qtbot.addWidget(filters)
    filters.show_query(ItemQuery(sequence="drive 7"))
    assert filters.query() == ItemQuery(sequence="drive 7")
    assert filters.special.text().startswith("Only the sequence drive 7")
    filters.clear()
    assert filters.query() == ItemQuery()
    assert line_of(replace(ROW, sequence="drive 7")).texts[COLUMNS.index("Sequence")] == "drive 7"


def test_only_drives_are_offered_to_be_cut_into_clips(qtbot: QtBot) -> None:
    preview = ImportPreview()
    qtbot.addWidget(preview)
    preview.show()
    for frames, cuts, offered in ((40, True, True), (1, True, False), (40, False, False)):
        sniffed = Sniffed("any", 1.0, 1, "one item")
        item = PreviewItem("drive", ("a.pcd",), 0, frames, cuts)
        preview.show_found([Candidate(sniffed, "Any", (item,))], [])
        preview.clips.setValue(20)
        assert preview.clips.isVisible() == offered
        assert preview.clip_frames() == (20 if offered else 0)


def test_typing_is_heard_after_a_pause_and_not_at_each_letter(qtbot: QtBot) -> None:
    filters = Filters(lambda _kind, _key: None)
    qtbot.addWidget(filters)
    heard: list[ItemQuery] = []
    filters.changed.connect(heard.append)
    qtbot.keyClicks(filters.text, "photo")
    qtbot.waitUntil(lambda: bool(heard))
    assert [query.text for query in heard] == ["photo"]


def test_a_row_says_state_doubt_and_remarks(qtbot: QtBot) -> None:
    cell = cell_of(ROW)
    assert cell.caption == "photo.png"
    assert [badge.text for badge in cell.badges] == ["Returned", "Unsure", "1 remark"]
    assert cell.detail == "van ×5, car ×2"
    line = line_of(ROW)
    assert len(line.texts) == len(COLUMNS)
    assert line.texts[:3] == ("a/b/photo.png", "Returned, unsure", "7")


def test_thumbnails_show_boxes_of_the_first_frame_in_their_classes_colours() -> None:
    car = Track(EntityId(new_id()), "car")
    first = Box(EntityId(new_id()), car.id, StreamId("s"), 0, (1.0, 2.0, 3.0, 4.0))
    later = Box(EntityId(new_id()), car.id, StreamId("s"), 9, (5.0, 6.0, 7.0, 8.0))
    ontology = Ontology(classes=(ClassType("car", color="#123456", dash="dot"),))
    made = boxes_of([car, first, later], ontology)
    assert [(box.xyxy, box.color, box.dash) for box in made] == [((1.0, 2.0, 3.0, 4.0), "#123456", "dot")]


def test_classes_typed_as_names_differ_by_colour_letter_and_key() -> None:
    ontology = ontology_of("car, cat\nvan\ncar")
    check_ontology(ontology)
    assert [each.name for each in ontology.classes] == ["car", "cat", "van"]
    assert len({(each.color, each.dash) for each in ontology.classes}) == 3
    assert len({each.letter for each in ontology.classes}) == 3
    assert [each.key for each in ontology.classes] == ["1", "2", "3"]


def test_a_hundred_classes_are_still_told_apart() -> None:
    ontology = ontology_of("\n".join(f"class {number}" for number in range(30)))
    assert len({(each.color, each.dash) for each in ontology.classes}) == 30


def test_the_report_counts_what_came_and_lists_what_did_not(qtbot: QtBot) -> None:
    problem = ImportProblem("x.png", "media.broken", "It cannot be read.", "Save it again.")
    report = ImportReport(9, 20, 1, (problem,), 1500, ("car",))
    assert sentence(report) == (
        "9 items with 20 shapes came in. 1 was skipped. New classes: car. 1,500 problems."
    )
    assert heading(report) == f"{sentence(report)[:-1]}: the first 1 are listed."
    assert heading(replace(report, problem_count=1)).endswith("New classes: car. 1 problem:")
    view = ImportReportView()
    qtbot.addWidget(view)
    view.show_report(report)
    assert view.table.item(0, 1).text() == "It cannot be read."


def test_time_left_is_said_in_seconds_then_minutes() -> None:
    assert [left(None), left(12.0), left(600.0)] == ["", ", about 12 s left", ", about 10 min left"]


def test_what_is_fetched_ahead_covers_the_whole_picture_at_the_size_of_a_screen() -> None:
    assert renditions(400, 300, 0) == ["original"]
    ahead = renditions(4000, 3000, 5)
    assert ahead[0] == "thumb"
    assert len(ahead) == 1 + 8 * 6  # level 1: 2000 x 1500
