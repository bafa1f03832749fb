"""Both themes can be read; icons exist and follow them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QRadioButton, QWidget

from studio.pages import PAGES
from studio.shell import icons
from studio.shell.theme import apply_text_size, apply_theme, is_dark, palette_of

Role = QPalette.ColorRole
ENOUGH = 4.5  # contrast of text, WCAG 2 AA


def light(color: QColor) -> float:
    parts = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in color.getRgbF()[:3]
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        (Role.WindowText, Role.Window),
        (Role.Text, Role.Base),
        (Role.Text, Role.AlternateBase),
        (Role.ButtonText, Role.Button),
        (Role.ToolTipText, Role.ToolTipBase),
        (Role.PlaceholderText, Role.Base),
        (Role.PlaceholderText, Role.Window),
        (Role.Link, Role.Base),
    ],
)
def test_text_stands_out(theme: str, text: Role, ground: Role) -> None:
    palette = palette_of(theme)  # type: ignore[arg-type]
    assert contrast(palette.color(text), palette.color(ground)) >= ENOUGH


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_chosen_stands_out(theme: str) -> None:
    palette = palette_of(theme)  # type: ignore[arg-type]
    assert contrast(palette.color(Role.HighlightedText), palette.color(Role.Highlight)) >= 4.0


def test_a_dark_fields_ground_is_lighter_than_the_window_so_that_its_edge_shows() -> None:
    palette = palette_of("dark")
    assert light(palette.color(Role.Base)) > light(palette.color(Role.Window))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("make", [QCheckBox, QRadioButton, QLineEdit])
def test_the_edge_of_what_can_be_ticked_or_typed_into_is_seen(
    qapp: QApplication, theme: str, make: type[QWidget]
) -> None:
    apply_theme(qapp, theme)  # type: ignore[arg-type]
    widget = make()
    widget.resize(90, 26)
    picture = widget.grab().toImage()
    middle = [picture.pixelColor(x, 13) for x in range(20)]
    ground = qapp.palette().color(Role.Window)
    assert max(contrast(each, ground) for each in middle) >= (3.0 if make is not QLineEdit else 1.5)
    apply_theme(qapp, "light")


def test_switching_changes_every_widget(qapp: QApplication) -> None:
    apply_theme(qapp, "dark")
    assert is_dark(qapp.palette())
    apply_theme(qapp, "light")
    assert not is_dark(qapp.palette())


def test_text_size_is_bounded(qapp: QApplication) -> None:
    apply_text_size(qapp, 1000)
    assert qapp.font().pointSizeF() == 25.0
    apply_text_size(qapp, 100)
    assert qapp.font().pointSizeF() == 10.0


@pytest.mark.parametrize("name", icons.names())
def test_an_icon_draws_something_in_the_colour_asked_for(qapp: QApplication, name: str) -> None:
    image = icons.pixmap(name, 32, QColor("#ff0000")).toImage()
    drawn = [
        image.pixelColor(x, y) for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() > 200
    ]
    assert drawn
    assert all(color.red() > 200 and color.green() < 60 for color in drawn)


def test_every_icon_that_is_named_exists(root: Path) -> None:
    text = "\n".join(
        path.read_text("utf-8")
        for room in ("shell", "pages")
        for path in (root / "studio" / room).rglob("*.py")
    )
    named = set(re.findall(r'(?:set_icon\([^,]+, |\bicon\()"([a-z_]+)"', text))
    assert named
    assert named <= set(icons.names())
    assert {info.icon for info in PAGES} <= set(icons.names())
