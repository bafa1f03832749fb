"""Recent projects as a list of cards."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studio.domain.wire.projects import Project
from studio.domain.wording import counted

_PROJECT = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex
_AT = Qt.AlignmentFlag


class ProjectList(QListView):
    """Projects, most recent first; `chosen` carries the Project that was double-clicked or entered."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Projects")
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setItemDelegate(_Card(self))
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        self.setSpacing(3)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        self._model = QStandardItemModel(self)
        self.setModel(self._model)
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)

    def show_projects(self, projects: Sequence[Project]) -> None:
        """Fill the list; the first is the current one, so that Enter opens it."""
        self._model.clear()
        for project in projects:
            item = QStandardItem(project.name)
            item.setData(project, _PROJECT)
            item.setData(f"{project.name}, {counts(project)}", Qt.ItemDataRole.AccessibleTextRole)
            item.setToolTip(project.description)
            self._model.appendRow(item)
        self.setCurrentIndex(self._model.index(0, 0))

    def _choose(self, index: QModelIndex) -> None:
        project = index.data(_PROJECT)
        # a click is followed by `activated` on some systems; opening the open project again changes nothing
        if isinstance(project, Project):
            self.chosen.emit(project)


def counts(project: Project) -> str:
    """How much is in a project, in words."""
    if not project.items:
        return "empty"
    return f"{counted(project.items, 'item')}, {project.accepted:,} accepted"


class _Card(QStyledItemDelegate):
    """Name, description and how much of it is accepted."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(280, 2 * option.fontMetrics.height() + 30)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        project: Project = index.data(_PROJECT)
        palette = option.palette
        text = palette.color(QPalette.ColorRole.Text)
        faint = palette.color(QPalette.ColorRole.PlaceholderText)
        accent = palette.color(QPalette.ColorRole.Accent)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card = QRectF(option.rect).adjusted(1.5, 1.5, -1.5, -1.5)
        current = bool(option.state & QStyle.StateFlag.State_Selected)
        hover = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.setPen(accent if current or hover else palette.color(QPalette.ColorRole.Mid))
        fill = QColor(palette.color(QPalette.ColorRole.Base))
        painter.setBrush(fill)
        painter.drawRoundedRect(card, 7, 7)
        inner = card.toRect().adjusted(16, 9, -16, -9)
        bold = QFont(option.font)
        bold.setBold(True)
        measure = QFontMetrics(bold)
        said = counts(project)
        room = inner.width() - option.fontMetrics.horizontalAdvance(said) - 24
        painter.setFont(bold)
        painter.setPen(text)
        title = measure.elidedText(project.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(
            QRect(inner.topLeft(), QSize(room, measure.height())), _AT.AlignLeft | _AT.AlignVCenter, title
        )
        painter.setFont(option.font)
        painter.setPen(faint)
        top = QRect(inner.left(), inner.top(), inner.width(), measure.height())
        painter.drawText(top, _AT.AlignRight | _AT.AlignVCenter, said)
        below = QRect(inner.left(), top.bottom() + 6, inner.width(), option.fontMetrics.height())
        if project.description:
            line = option.fontMetrics.elidedText(
                project.description, Qt.TextElideMode.ElideRight, inner.width() - 180
            )
            painter.drawText(below, _AT.AlignLeft | _AT.AlignVCenter, line)
        if project.items:
            bar = QRectF(inner.right() - 140, below.center().y() - 2, 140, 5)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(QPalette.ColorRole.Midlight))
            painter.drawRoundedRect(bar, 2.5, 2.5)
            painter.setBrush(accent)
            share = min(1.0, project.accepted / project.items)
            painter.drawRoundedRect(QRectF(bar.left(), bar.top(), bar.width() * share, 5), 2.5, 2.5)
        painter.restore()
