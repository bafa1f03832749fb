"""The command palette: every action by a few letters of its name."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPalette, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from studio.shell.actions import Actions, Bound

_Index = QModelIndex | QPersistentModelIndex
_NAME = Qt.ItemDataRole.UserRole + 1
_KEY = Qt.ItemDataRole.UserRole + 2
_WHERE = Qt.ItemDataRole.UserRole + 3
_POSSIBLE = Qt.ItemDataRole.UserRole + 4


def score(typed: str, title: str) -> int | None:
    """How well `typed` fits `title`; higher is better, None where its letters are not in it in order.

    Letters at the start of words and letters in a row count more.
    """
    wanted, text = typed.lower().replace(" ", ""), title.lower()
    total, at, last = 0, 0, -2
    for letter in wanted:
        found = text.find(letter, at)
        if found < 0:
            return None
        starts_word = found == 0 or not text[found - 1].isalnum()
        total += 8 * (found == last + 1) + 6 * starts_word + 1
        at, last = found + 1, found
    return total - len(text) // 8


class CommandPalette(QFrame):
    """Type some letters, press Enter. What cannot be done now is grey and stays.

    A child of the window, not a window: a popup gets the keys only once the system has moved the focus, and
    the first letters of a quick typist would go to the canvas, where each is a command.
    """

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Command palette")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self._before = QApplication.focusWidget()
        self._actions = actions
        self.typed = QLineEdit()
        self.typed.setPlaceholderText("What would you like to do?")
        self.typed.setAccessibleName("Search commands")
        self.typed.setClearButtonEnabled(True)
        self.typed.textChanged.connect(self._filter)
        self.typed.installEventFilter(self)
        self.list = QListView()
        self.list.setAccessibleName("Commands")
        self.list.setItemDelegate(_Row(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.activated.connect(self._run)
        self.list.clicked.connect(self._run)
        self._model = QStandardItemModel(self)
        self.list.setModel(self._model)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self.typed)
        column.addWidget(self.list)
        width = max(560, self.fontMetrics().averageCharWidth() * 70)
        self.resize(min(width, parent.width() - 40), min(440, parent.height() - 80))
        self.move((parent.width() - self.width()) // 2, 60)
        self._filter("")

    def open(self) -> None:
        """Show it over the window and take the keys."""
        self.show()
        self.raise_()
        self.typed.setFocus()

    def close_now(self) -> None:
        """Go away and give the keys back."""
        if self.isVisible():
            self.hide()
            if self._before is not None and self._before.isVisible():
                self._before.setFocus()
            self.deleteLater()

    def _filter(self, typed: str) -> None:
        fitting: list[tuple[int, int, Bound]] = []
        for place, bound in enumerate(self._actions.live()):
            if (points := score(typed, bound.command.title)) is not None:
                fitting.append((-points if typed else 0, place, bound))
        self._model.clear()
        for _, _, bound in sorted(fitting, key=lambda each: each[:2]):
            item = QStandardItem(bound.command.title)
            item.setData(bound.command.name, _NAME)
            item.setData(bound.key, _KEY)
            item.setData(bound.command.menu, _WHERE)
            item.setData(bound.possible(), _POSSIBLE)
            item.setToolTip(bound.command.help)
            self._model.appendRow(item)
        self.list.setCurrentIndex(self._model.index(0, 0))

    def _run(self, index: QModelIndex) -> None:
        if index.isValid() and index.data(_POSSIBLE):
            self.close_now()
            self._actions.run(index.data(_NAME))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and not self.isAncestorOf(QApplication.focusWidget() or self):
            self.close_now()
        # Escape is a key of editors as well: it closes the palette before anybody else sees it
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter):
                event.accept()
                return True
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape:
                self.close_now()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self.list.currentIndex())
                return True
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
                self.list.keyPressEvent(event)
                return True
        return super().eventFilter(watched, event)


class _Row(QStyledItemDelegate):
    """A line: the command's title, its menu in grey, its key at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(200, option.fontMetrics.height() + 14)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        palette = option.palette
        group = QPalette.ColorGroup.Active if index.data(_POSSIBLE) else QPalette.ColorGroup.Disabled
        text = palette.color(group, QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text)
        faint = QColor(text)
        faint.setAlphaF(0.65)
        painter.save()
        if chosen:
            painter.fillRect(option.rect, palette.color(group, QPalette.ColorRole.Highlight))
        box = option.rect.adjusted(12, 0, -12, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        title = str(index.data())
        painter.setPen(text)
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignLeft, title)
        painter.setPen(faint)
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, str(index.data(_KEY)))
        after = option.fontMetrics.horizontalAdvance(title) + 14
        painter.drawText(
            box.adjusted(after, 0, 0, 0), middle | Qt.AlignmentFlag.AlignLeft, str(index.data(_WHERE))
        )
        painter.restore()
