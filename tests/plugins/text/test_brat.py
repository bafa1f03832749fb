"""brat stand-off, in and out."""

from pathlib import Path

import pytest

from plugins.text.formats.brat import Brat
from studio.domain.entities import Relation, Remark, Segment, Span, Track
from tests.plugins.formats_kit import kinds, read, write

TEXT = "Ann 🚗 met Bob and Cy in Rome.\n"
LABELS = """T1\tPerson 0 3\tAnn
T2\tPerson 10 13\tBob
T3\tPlace 24 28\tRome
T4\tMeet 6 9\tmet
T5\tPerson 0 3;10 13\tAnn Bob
R1\tKnows Arg1:T1 Arg2:T2\t
*\tAlias T1 T2
E1\tMeet:T4 Who:T1 Where:T3
A1\tSure T1
A2\tMood T2 glad
#1\tAnnotatorNotes T1\tcheck this
"""


def folder_with(tmp_path: Path, labels: str = LABELS) -> Path:
    tmp_path.mkdir(parents=True, exist_ok=True)
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "a.ann").write_text(labels)
    return tmp_path


def test_offsets_are_code_points_and_not_bytes_or_surrogates(tmp_path: Path) -> None:
    (item,), problems = read(Brat(), folder_with(tmp_path))
    assert problems == []
    segment = next(each for each in item.entities if isinstance(each, Segment))
    said = [segment.text[each.start : each.end] for each in item.entities if isinstance(each, Span)]
    assert said == ["Ann", "Bob", "Rome", "met", "Ann", "Bob"]


def test_relations_events_attributes_and_notes_come_in(tmp_path: Path) -> None:
    (item,), _ = read(Brat(), folder_with(tmp_path))
    assert kinds(item) == {"Segment": 1, "Track": 6, "Span": 6, "Relation": 5, "Remark": 1}
    assert [each.text for each in item.entities if isinstance(each, Remark)] == ["check this"]
    moods = {dict(each.attributes).get("Mood") for each in item.entities if isinstance(each, Track)}
    assert "glad" in moods
    assert {each.class_name for each in item.entities if isinstance(each, Relation)} >= {"Knows", "trigger"}


def test_what_is_written_says_the_same(tmp_path: Path) -> None:
    items, _ = read(Brat(), folder_with(tmp_path / "in"))
    assert write(Brat(), items, tmp_path / "out") == ()
    again, problems = read(Brat(), tmp_path / "out")
    assert problems == []
    assert kinds(again[0]) == kinds(items[0])
    assert (tmp_path / "out" / "a.txt").read_text() == TEXT


def test_diseases_of_the_shared_texts_survive_the_way_out_and_back(shared_data: Path, tmp_path: Path) -> None:
    items, problems = read(Brat(), shared_data / "export_brat")
    assert (len(items), problems) == (20, [])
    assert write(Brat(), items, tmp_path) == ()
    again, _ = read(Brat(), tmp_path)
    assert [kinds(item) for item in again] == [kinds(item) for item in items]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("T1\tPerson 0 300\tAnn", "import.bad_span"),
        ("T1\tPerson 5 2\tAnn", "import.bad_span"),
        ("T1\tPerson x y\tAnn", "import.bad_line"),
        ("nonsense", "import.bad_line"),
        ("R1\tKnows Arg1:T8 Arg2:T9\t", "import.unknown_label"),
        ("T1\tPerson 0 3\tBob", "import.bad_span"),
    ],
)
def test_a_bad_line_is_named_and_the_others_come_in(tmp_path: Path, line: str, code: str) -> None:
    (item,), problems = read(Brat(), folder_with(tmp_path, f"{line}\nT9\tPlace 24 28\tRome\n"))
    if code == "import.unknown_label":
        assert kinds(item)["Span"] == 1
    assert code in [problem.code for problem in problems]
    assert kinds(item)["Segment"] == 1
