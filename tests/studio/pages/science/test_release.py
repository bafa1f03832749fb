"""Release: shares that add up, and the gate's finding in words."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from studio.domain.ids import ModelId
from studio.domain.wire import routes
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.releases import Answer, Arm, Detection, NewSuite
from studio.pages.release.answer_picture import shown
from studio.pages.release.page import ReleasePage
from studio.pages.release.saying import shares_with
from studio.pages.release.service_card import ServiceCard
from studio.pages.release.try_dialog import TryDialog, found_words, sensible_score
from tests.studio.pages.science.conftest import Seat
from tests.training.loop_workspace import picture_bytes


def try_it(seat: Seat, page: ReleasePage, card: ServiceCard) -> None:
    """Ask with a chosen item, and with a file that is no item."""
    QTest.mouseClick(card.buttons["try"], Qt.MouseButton.LeftButton)
    dialog = page.findChild(TryDialog)
    assert dialog is not None
    seat.until(lambda: dialog.source.total == 20)
    assert not dialog.ask.isEnabled()
    dialog.text.setText("open-05")
    seat.until(lambda: dialog.source.total == 1)
    seat.until(lambda: dialog.source.item_at(0) is not None)
    QTest.mouseClick(dialog.sheet.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(60, 60))
    seat.until(dialog.ask.isEnabled)
    assert dialog.picture.accessibleDescription() == "nothing asked yet"
    QTest.keyClick(dialog.sheet, Qt.Key.Key_Return)
    seat.until(lambda: dialog.picture.accessibleName() == "Picture with the answer")
    assert "good found" in dialog.said.text()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mine.png"
        file.write_bytes(picture_bytes(9, (300, 200)))
        dialog.choose_file(file)
        seat.until(lambda: dialog.said.text().startswith("mine.png"))
        QTest.mouseClick(dialog.ask, Qt.MouseButton.LeftButton)
        seat.until(lambda: "good found" in dialog.said.text())
        file.write_text("no picture")
        dialog.choose_file(file)
        seat.until(lambda: "no picture that can be read" in dialog.said.text())
        assert not dialog.ask.isEnabled()
    dialog.reject()


@given(st.lists(st.integers(0, 100), min_size=1, max_size=6), st.floats(0, 1))
def test_shares_are_whole_per_cents_that_add_up_to_a_hundred(held: list[int], newest: float) -> None:
    arms = tuple(Arm(ModelId(str(number)), str(number), share) for number, share in enumerate([*held, 0]))
    shares = shares_with(arms, newest)
    assert sum(share for _, share in shares) == 100
    assert all(share >= 0 for _, share in shares)
    assert [key for key, _ in shares] == [arm.model for arm in arms]
    assert shares[-1][1] == round(newest * 100)


def test_an_answer_is_drawn_from_half_of_its_surest_score_on() -> None:
    scores = (0.18, 0.11, 0.05)
    found = tuple(Detection("cell", score, (0.0, 0.0, 1.0, 1.0)) for score in scores)
    answer = Answer(ModelId("m"), "r", found, 8, 8)
    least = sensible_score(answer)
    assert least == 9
    assert [each.score for each in shown(answer, least / 100)] == [0.18, 0.11]
    assert sensible_score(Answer(ModelId("m"), "r", (), 8, 8)) == 50


def test_an_answer_is_counted_by_class() -> None:
    found = [Detection(name, 0.9, (0.0, 0.0, 1.0, 1.0)) for name in ("debris", "cell", "cell")]
    said = [found_words(found[:count]) for count in (0, 1, 3)]
    assert said == ["nothing", "1 object: debris", "3 objects: cell ×2, debris"]


def test_a_candidate_is_measured_accepted_and_answers(seat: Seat) -> None:
    project = seat.loop.workspace.project
    seat.client.call(routes.NEW_SUITE, NewSuite("acceptance", ItemQuery(text="sealed")), project=project)
    page = seat.page("release", f"model:{seat.loop.good}")
    assert isinstance(page, ReleasePage)
    seat.until(lambda: page.candidate.ask.isEnabled())
    assert page.candidate.model.currentData() == seat.loop.good
    page.candidate.ask.click()
    page.candidate.ask.click()  # a slip: looks are counted
    seat.until(lambda: (chosen := page.candidate.chosen()) is not None and chosen.state == "waiting")
    release = page.candidate.chosen()
    assert release is not None
    assert len(seat.client.call(routes.RELEASES, project=project).releases) == 1
    seat.until(page.candidate.ask.isEnabled)
    assert release.gate is not None
    assert release.gate.sentence in page.candidate.said.text()
    page.candidate.note.setText("good enough")
    page.candidate.accept.click()
    try:
        seat.until(lambda: any(card.service.state == "answering" for card in page.cards.values()))
        card = next(iter(page.cards.values()))
        assert [arm.share for arm in card.service.arms] == [100]
        try_it(seat, page, card)
        card.buttons["lineage"].click()
        seat.until(lambda: seat.window.lineage.view.kind.text() == "Service")
        assert seat.window.lineage.view.made_from.count()
    finally:
        for service in seat.client.call(routes.SERVICES, project=project).services:
            seat.client.call(routes.STOP_SERVICE, service=service.id)
