"""Headings: larger and bold, and still as large as the person has set all text."""

from PySide6.QtCore import QEvent
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QLabel


class Heading(QLabel):
    """A text `factor` times the usual size."""

    def __init__(self, text: str, factor: float = 1.15) -> None:
        super().__init__(text)
        self._factor = factor
        self._fit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ApplicationFontChange:  # does not come by `changeEvent`
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        font = QFont(QApplication.font())
        font.setPointSizeF(font.pointSizeF() * self._factor)
        font.setBold(True)
        self.setFont(font)
