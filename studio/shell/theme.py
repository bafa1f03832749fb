"""Light and dark: palettes over Qt's Fusion style and no style sheet, so every stock widget is right."""

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from studio.shell.look import Look

Theme = Literal["light", "dark", "system"]
THEMES: tuple[Theme, ...] = ("system", "light", "dark")

_Role = QPalette.ColorRole

_LIGHT: dict[QPalette.ColorRole, str] = {
    _Role.Window: "#f3f4f7",
    _Role.WindowText: "#1c2027",
    _Role.Base: "#ffffff",
    _Role.AlternateBase: "#f3f5f9",
    _Role.Text: "#1c2027",
    _Role.Button: "#eceef2",
    _Role.ButtonText: "#1c2027",
    _Role.BrightText: "#ffffff",
    _Role.ToolTipBase: "#22262e",
    _Role.ToolTipText: "#f2f4f8",
    _Role.PlaceholderText: "#636a78",
    _Role.Highlight: "#2360c4",
    _Role.HighlightedText: "#ffffff",
    _Role.Accent: "#2360c4",
    _Role.Link: "#1d55b3",
    _Role.LinkVisited: "#5b3fb0",
    _Role.Light: "#ffffff",
    _Role.Midlight: "#e6e8ee",
    _Role.Mid: "#c3c8d2",
    _Role.Dark: "#9aa1ae",
    _Role.Shadow: "#5c6370",
}
_DARK: dict[QPalette.ColorRole, str] = {
    # Fusion draws outlines as a darker Window: fields are seen only where they are lighter than it
    _Role.Window: "#1c1f25",
    _Role.WindowText: "#e4e7ec",
    _Role.Base: "#282c34",
    _Role.AlternateBase: "#2e333c",
    _Role.Text: "#e4e7ec",
    _Role.Button: "#333842",
    _Role.ButtonText: "#e4e7ec",
    _Role.BrightText: "#ffffff",
    _Role.ToolTipBase: "#373c46",
    _Role.ToolTipText: "#f2f4f8",
    _Role.PlaceholderText: "#9ba3b1",
    _Role.Highlight: "#3b78e0",
    _Role.HighlightedText: "#ffffff",
    _Role.Accent: "#5e97f6",
    _Role.Link: "#86b2ff",
    _Role.LinkVisited: "#b7a4ff",
    _Role.Light: "#4a515e",
    _Role.Midlight: "#3d434e",
    _Role.Mid: "#505765",
    _Role.Dark: "#121419",
    _Role.Shadow: "#0b0c0f",
}
_DISABLED = {"light": "#9197a3", "dark": "#6d7481"}


def palette_of(theme: Literal["light", "dark"]) -> QPalette:
    """All roles of one theme, the disabled group included."""
    palette = QPalette()
    for role, color in (_LIGHT if theme == "light" else _DARK).items():
        palette.setColor(role, QColor(color))
    faint = QColor(_DISABLED[theme])
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText, _Role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, faint)
    palette.setColor(QPalette.ColorGroup.Disabled, _Role.Highlight, palette.color(_Role.Mid))
    return palette


def shown_theme(theme: Theme) -> Literal["light", "dark"]:
    """What `theme` means on this machine now; `system` is light where the system does not say."""
    if theme != "system":
        return theme
    scheme = QApplication.styleHints().colorScheme()
    return "dark" if scheme == Qt.ColorScheme.Dark else "light"


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Set style and palette; under a millisecond, every widget repaints by itself."""
    if not isinstance(application.style(), Look):
        application.setStyle(Look())
    application.setPalette(palette_of(shown_theme(theme)))


def apply_text_size(application: QApplication, per_cent: int) -> None:
    """Set the size of all text, in per cent of the usual 10 points."""
    font = QFont(application.font())
    font.setPointSizeF(10.0 * max(75, min(per_cent, 250)) / 100.0)
    application.setFont(font)
    title = "QDockWidgetTitle"  # a text, whatever the stubs say: bytes are refused
    application.setFont(font, title)  # type: ignore[arg-type]  # has a font of its own otherwise


def is_dark(palette: QPalette) -> bool:
    """Whether text is lighter than what it stands on."""
    return palette.color(_Role.WindowText).lightness() > palette.color(_Role.Window).lightness()
