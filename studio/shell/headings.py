"""Headings: larger and bold, and still as large as the person has set all text."""

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QLabel


class Heading(QLabel):
    """A text `factor` times the usual size."""

    def __init__(self, text: str, factor: float = 1.15) -> None:
        super().__init__(text)
        self._factor = factor
        self.fit()

    def fit(self) -> None:
        """Take the size that all text has now; a font of one's own does not follow by itself."""
        font = QFont(QApplication.font())
        font.setPointSizeF(font.pointSizeF() * self._factor)
        font.setBold(True)
        self.setFont(font)
