"""Toasts, empty states, progress, the share slider, palettes and lists."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDoubleSpinBox, QLabel, QPushButton, QSlider, QToolButton, QVBoxLayout, QWidget

from tests.widgets.names import nameless_and_named
from widgets.canvas.drawables import ShapeStyle
from widgets.choice_palette import Choice, ChoicePalette
from widgets.empty_state import EmptyState
from widgets.hint_bar import Hint, HintBar
from widgets.object_list import ObjectList, ObjectRow
from widgets.progress import ProgressRow, time_left
from widgets.share_slider import ShareSlider
from widgets.toast import ToastArea
from widgets.tone_panel import TonePanel
from widgets.word_entry import WordEntry


def test_toasts_stack_in_the_corner_and_an_error_stays(qtbot):
    over = QWidget()
    qtbot.addWidget(over)
    over.resize(800, 600)
    over.show()
    area = ToastArea(over)
    ran = []
    first = area.show_message("Saved")
    second = area.show_message("<b>Not</b> saved", "error", action=("Try again", lambda: ran.append(1)))
    assert first.geometry().bottom() < second.geometry().top()
    assert over.rect().contains(second.geometry())
    assert not second._clock.isActive()
    assert first._clock.isActive()
    assert any(label.text() == "<b>Not</b> saved" for label in second.findChildren(QLabel))
    second.findChild(QPushButton).click()
    assert ran == [1]
    assert area.toasts == (first,)
    for n in range(6):
        area.show_message(f"message {n}")
    assert len(area.toasts) == 5
    assert nameless_and_named(over)[0] == []


def test_an_empty_state_says_what_to_do_and_its_button_does_it(qtbot):
    ran = []
    state = EmptyState("No items yet", "Import a folder of pictures.", ("Import …", lambda: ran.append(1)))
    qtbot.addWidget(state)
    state.findChild(QPushButton).click()
    assert ran == [1]
    assert (state.accessibleName(), state.accessibleDescription()) == (
        "No items yet",
        "Import a folder of pictures.",
    )
    state.say("Nothing found")
    assert not state.findChild(QPushButton).isVisibleTo(state)


def test_progress_says_how_long_and_offers_to_pause_and_cancel(qtbot):
    row = ProgressRow("Import", can_pause=True)
    qtbot.addWidget(row)
    row.show()
    heard = []
    row.cancelled.connect(lambda: heard.append("cancel"))
    row.paused.connect(lambda: heard.append("pause"))
    row.resumed.connect(lambda: heard.append("resume"))
    row.show_progress(0.25, "250 of 1,000", 240)
    assert row.accessibleDescription() == "250 of 1,000 · about 4 min left"
    buttons = {button.accessibleName(): button for button in row.findChildren(QToolButton)}
    buttons["Pause Import"].click()
    row.show_paused(True)
    buttons["Pause Import"].click()
    buttons["Cancel Import"].click()
    assert heard == ["pause", "resume", "cancel"]
    row.finish("1,000 imported")
    assert not buttons["Cancel Import"].isVisible()


def test_time_left_is_said_as_people_say_it():
    said = [time_left(seconds) for seconds in (None, 3, 42, 240, 7200)]
    assert said == ["", "a few seconds left", "about 40 s left", "about 4 min left", "about 2.0 h left"]


def test_the_share_slider_and_its_number_agree(qtbot):
    slider = ShareSlider("v1", "v2")
    qtbot.addWidget(slider)
    slider.show()
    heard = []
    slider.changed.connect(heard.append)
    slider.set_share(0.25)
    assert heard == []
    assert slider.findChild(QDoubleSpinBox).value() == 25
    slider.findChild(QDoubleSpinBox).setValue(40)
    QTest.keyClick(slider.findChild(QSlider), Qt.Key.Key_Right)
    assert heard == [0.4, 0.401]
    assert [label.text() for label in slider.findChildren(QLabel)] == ["v1  59.9 %", "v2  40.1 %"]
    assert nameless_and_named(slider)[0] == []


def test_a_choice_is_found_by_typing_and_taken_by_enter(qtbot):
    palette = ChoicePalette("Classes")
    qtbot.addWidget(palette)
    palette.set_choices([Choice(f"class-{n}", f"Class {n}", str(n % 10), ShapeStyle()) for n in range(30)])
    palette.show()
    heard = []
    palette.chosen.connect(heard.append)
    QTest.keyClicks(palette.search, "class 17")
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert heard == ["class-17"]
    assert palette.search.text() == ""
    palette.set_current("class-3")
    assert (palette.current(), heard) == ("class-3", ["class-17"])


def test_ticks_in_the_object_list_are_reported_and_not_taken(qtbot):
    objects = ObjectList()
    qtbot.addWidget(objects)
    objects.resize(300, 300)
    objects.show()
    objects.set_rows([ObjectRow(f"k{n}", f"Car #{n}", ShapeStyle()) for n in range(10_000)])
    heard, chosen = [], []
    objects.ticked.connect(lambda *what: heard.append(what))
    objects.selection_made.connect(chosen.append)
    rect = objects.visualRect(objects.model_of_rows.index(1, 2))
    QTest.mouseClick(
        objects.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(rect.left() + 10, rect.center().y())
    )
    assert heard == [("k1", "locked", True)]
    objects.set_selection(frozenset({"k9999"}))
    assert chosen[-1:] != [frozenset({"k9999"})]
    assert objects.visualRect(objects.model_of_rows.index(9999, 0)).isValid()


def test_what_has_just_come_into_the_object_list_is_brought_into_sight(qtbot):
    objects = ObjectList()
    qtbot.addWidget(objects)
    objects.resize(240, 110)
    objects.show()
    for count in (10, 11, 15):
        objects.set_rows([ObjectRow(f"k{n}", f"Car #{n}", ShapeStyle()) for n in range(count)])
        objects.set_selection(frozenset({f"k{count - 1}"}))
        last = objects.visualRect(objects.model_of_rows.index(count - 1, 0))
        assert objects.viewport().rect().contains(last)


def test_hints_that_do_not_fit_are_left_out_whole_and_never_widen_the_window(qtbot):
    over = QWidget()
    bar = HintBar()
    QVBoxLayout(over).addWidget(bar)
    qtbot.addWidget(over)
    heard = []
    bar.triggered.connect(heard.append)
    bar.set_hints([Hint(f"do.{n}", "K", f"Something long number {n}") for n in range(40)])
    over.resize(600, 60)
    over.show()
    assert over.width() == 600
    shown = [button for button in bar.findChildren(QToolButton) if button.isVisible()]
    assert 1 < len(shown) < 40
    assert all(button.width() >= button.sizeHint().width() for button in shown)
    assert shown[-1].geometry().right() <= bar.width()
    shown[1].click()
    assert heard == ["do.1"]
    over.resize(1200, 60)
    assert sum(button.isVisible() for button in bar.findChildren(QToolButton)) > len(shown)


def test_the_middle_of_the_tone_sliders_is_the_picture_as_it_is(qtbot):
    panel = TonePanel()
    qtbot.addWidget(panel)
    heard = []
    panel.changed.connect(heard.append)
    panel.findChildren(QSlider)[1].setValue(50)
    assert heard[-1].contrast == 2.0
    panel.findChild(QPushButton).click()
    assert heard[-1] == panel.tone() == type(heard[-1])()


def test_words_are_handed_over_by_enter_and_thrown_away_by_escape(qtbot):
    over = QWidget()
    qtbot.addWidget(over)
    over.resize(400, 300)
    over.show()
    entry = WordEntry(over)
    heard = []
    entry.ask("Remark", QPoint(390, 290), heard.append)
    assert over.rect().contains(entry.geometry())
    QTest.keyClicks(entry.line, "  two cars ")
    QTest.keyClick(entry.line, Qt.Key.Key_Return)
    entry.ask("Remark", QPoint(0, 0), heard.append)
    QTest.keyClicks(entry.line, "no")
    QTest.keyClick(entry.line, Qt.Key.Key_Escape)
    assert heard == ["two cars"]
    assert not entry.isVisible()
