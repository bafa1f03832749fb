"""Forms from attributes and from a JSON Schema."""

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta, Struct
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit

from studio.domain.ontology import AttributeType
from tests.widgets.names import nameless_and_named
from widgets.form import Form
from widgets.form_fields import Field, fields_of_attributes, fields_of_schema, problem_of, stepped


class Params(Struct, frozen=True):
    epochs: Annotated[int, Meta(ge=1, le=1000, description="Passes over the snapshot")] = 30
    learning_rate: Annotated[float, Meta(gt=0, description="Step size")] = 1e-3
    augment: bool = True
    name: str = ""


ATTRIBUTES = (
    AttributeType("color", "choice", choices=("red", "blue"), default="red", key="o"),
    AttributeType("occluded", "check"),
    AttributeType("seats", "integer", minimum=1, maximum=9),
    AttributeType("extras", "choices", choices=("roof", "hook")),
    AttributeType("plate", "text", required=True, title="Number plate"),
)


@pytest.fixture
def form(qtbot):
    made = Form()
    qtbot.addWidget(made)
    made.show()
    return made


def test_a_schema_makes_the_fields_of_a_struct_with_bounds_and_help():
    epochs, rate, augment, name = fields_of_schema(msgspec.json.schema(Params))
    assert (epochs.kind, epochs.minimum, epochs.maximum, epochs.default) == ("integer", 1, 1000, 30)
    assert epochs.help == "Passes over the snapshot"
    assert (rate.kind, rate.exclusive_minimum, rate.default) == ("number", True, 1e-3)
    assert problem_of(rate, 0.0) == "Learning rate is above 0."
    assert (augment.kind, name.kind) == ("check", "text")


def test_the_defaults_of_a_schema_are_the_answers_at_first(form):
    form.set_fields(fields_of_schema(msgspec.json.schema(Params)))
    assert form.values() == {"epochs": 30, "learning_rate": 0.001, "augment": True}
    assert msgspec.convert(form.values(), Params) == Params()
    assert form.problems() == []


def test_answers_are_reported_one_by_one_with_their_types(form):
    heard = []
    form.changed.connect(lambda name, value: heard.append((name, value)))
    form.set_fields(fields_of_attributes(ATTRIBUTES))
    form.findChild(QCheckBox).click()
    seats = next(each for each in form.findChildren(QLineEdit) if each.accessibleName() == "Seats")
    QTest.keyClicks(seats, "4")
    QTest.keyClick(seats, Qt.Key.Key_Return)
    combo = form.findChild(QComboBox)
    QTest.keyClick(combo, Qt.Key.Key_Down)
    hook = next(each for each in form.findChildren(QCheckBox) if each.text() == "hook")
    hook.click()
    assert [name for name, _ in heard][:1] == ["occluded"]
    assert ("seats", 4) in heard
    assert ("color", "blue") in heard
    assert heard[-1] == ("extras", ("hook",))


@pytest.mark.parametrize(
    ("typed", "said"), [("12", "at most 9"), ("0", "at least 1"), ("many", "whole number")]
)
def test_a_wrong_number_is_said_and_not_reported(form, typed, said):
    heard = []
    form.changed.connect(lambda name, value: heard.append(name))
    form.set_fields(fields_of_attributes(ATTRIBUTES[2:3]))
    line = form.findChild(QLineEdit)
    QTest.keyClicks(line, typed)
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert heard == []
    assert said in form.problems()[0]


def test_values_from_elsewhere_are_shown_and_not_reported(form):
    heard = []
    form.changed.connect(lambda name, value: heard.append(name))
    form.set_fields(fields_of_attributes(ATTRIBUTES))
    values = {"color": "blue", "occluded": True, "seats": 4, "extras": ("roof",), "plate": "AB 1"}
    form.set_values(values)
    assert form.values() == values
    form.set_values({"color": "red"})
    assert form.values() == {"color": "red"}
    assert form.problems() == ["Number plate has not been answered."]
    assert heard == []


def test_a_key_steps_through_choices_and_yes_and_no():
    color = Field("color", "choice", choices=("red", "blue"))
    assert [stepped(color, value) for value in (None, "red", "blue")] == ["red", "blue", None]
    assert [stepped(Field("x", "check"), value) for value in (None, True, False)] == [True, False, True]
    seats = Field("seats", "integer", minimum=1, maximum=3)
    assert [stepped(seats, value) for value in (None, 1, 3)] == [1, 2, 1]


def test_every_control_has_a_name(form):
    form.set_fields(fields_of_attributes(ATTRIBUTES))
    assert nameless_and_named(form)[0] == []


def test_a_form_that_explains_shows_the_help_below_each_field(qtbot):
    made = Form(explains=True)
    qtbot.addWidget(made)
    made.set_fields(fields_of_schema(msgspec.json.schema(Params)))
    made.resize(400, 600)
    made.show()
    shown = {label.text() for label in made.findChildren(QLabel) if label.isVisible()}
    assert {"Passes over the snapshot", "Step size"} <= shown
    explained = next(label for label in made.findChildren(QLabel) if label.text() == "Step size")
    control = next(each for each in made.findChildren(QLineEdit) if each.accessibleName() == "Learning rate")
    assert explained.mapTo(made, QPoint()).y() >= control.mapTo(made, QPoint()).y() + control.height()


def test_an_explanation_is_never_cut(qtbot):
    long = "It is said at some length what this is for, and when to change it. " * 3
    made = Form(explains=True)
    qtbot.addWidget(made)
    made.set_fields((Field("a", "check", help=long), Field("b", "choice", choices=("x", "y"), help=long)))
    made.resize(700, 400)
    made.show()
    explained = [label for label in made.findChildren(QLabel) if label.text() == long]
    assert len(explained) == 2
    assert all(label.height() >= label.heightForWidth(label.width()) for label in explained)
    assert all(label.width() > 500 for label in explained)
