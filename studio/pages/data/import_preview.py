"""What an import will bring in, before it does: format, counts, classes, warnings, first pictures, facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from studio.domain.contracts.archive import BROKEN
from studio.domain.contracts.formats import Sniffed, Tree
from studio.domain.errors import AtelierError
from studio.domain.wire.projects import AssetFacts

if TYPE_CHECKING:
    from studio.client.uploads import Candidate

_PICTURES = 6
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
_SIDE = 104  # pixels
_LARGEST_BYTES = 100 * 1024**2
_LONGEST_CLIP = 100_000  # frames
_SENSITIVITY = (
    ("internal", "Internal: for people of this organisation"),
    ("open", "Open: may be known to anybody"),
    ("confidential", "Confidential: for those who work on it"),
    ("restricted", "Restricted: named people only"),
)


class ImportPreview(QWidget):
    """The proposed reading of a folder, and the few things to decide about it."""

    def __init__(self) -> None:
        super().__init__()
        self._found: tuple[Candidate, ...] = ()
        self._form = QFormLayout()
        self.format = QComboBox()
        self.format.setAccessibleName("Format")
        self.format.currentIndexChanged.connect(self._show_format)
        self.summary = _wrapped()
        self.classes = _wrapped()
        self.warnings = QPlainTextEdit()
        self.warnings.setReadOnly(True)
        self.warnings.setAccessibleName("Warnings")
        self.warnings.setMaximumHeight(self.fontMetrics().lineSpacing() * 5)
        self.pictures = QHBoxLayout()
        self.pictures.setSpacing(6)
        self.source = QLineEdit()
        self.source.setAccessibleName("Source")
        self.source.setPlaceholderText("where it comes from, e.g. ward 3, camera 2")
        self.purpose = QLineEdit()
        self.purpose.setAccessibleName("Purpose")
        self.purpose.setPlaceholderText("what it may be used for")
        self.sensitivity = QComboBox()
        self.sensitivity.setAccessibleName("Sensitivity")
        for value, title in _SENSITIVITY:
            self.sensitivity.addItem(title, value)
        self.tasks = QCheckBox("Make a labelling task of every item that comes in without labels")
        self.clips = QSpinBox()
        self.clips.setAccessibleName("Frames of a clip")
        self.clips.setRange(0, _LONGEST_CLIP)
        self.clips.setSpecialValueText("never: one item a drive")
        self.clips.setSuffix(" frames")
        self.clips.setToolTip(
            "Clips share no frame. Tracks and groups keep their identity over the cut, and the editor shows "
            "the clips beside as ghosts."
        )
        self.advanced = QGroupBox("Advanced")
        self.advanced.setCheckable(True)
        self.advanced.setChecked(False)
        self.adopt = QCheckBox("Leave the files where they lie; the node reads them there and never writes")
        self._lay_out()

    def show_found(self, found: Sequence[Candidate], pictures: Sequence[QImage]) -> None:
        """found: what formats see, most confident first (never empty)."""
        self._found = tuple(found)
        self.format.blockSignals(True)
        self.format.clear()
        for each in self._found:
            self.format.addItem(f"{each.title} ({round(each.sniffed.confidence * 100)} % sure)")
        self.format.blockSignals(False)
        self.format.setCurrentIndex(0)
        self.format.setEnabled(len(self._found) > 1)
        while (item := self.pictures.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for image in pictures:
            label = QLabel()
            label.setPixmap(QPixmap.fromImage(image))
            label.setAccessibleName("A picture of the folder")
            self.pictures.addWidget(label)
        self.pictures.addStretch(1)
        self._show_format(0)

    def chosen(self) -> Sniffed:
        """The reading that was chosen."""
        return self._candidate().sniffed

    def facts(self) -> AssetFacts:
        """What was said about the data."""
        return AssetFacts(
            source=self.source.text().strip(),
            purpose=self.purpose.text().strip(),
            sensitivity=self.sensitivity.currentData(),
        )

    def clip_frames(self) -> int:
        """Into clips of how many frames long items are cut; 0: they stay whole."""
        return self.clips.value() if self._cuts() else 0

    def wants_adoption(self) -> bool:
        """Whether media stay where they lie."""
        return self.advanced.isVisible() and self.advanced.isChecked() and self.adopt.isChecked()

    def _cuts(self) -> bool:
        """Whether what comes in can be cut: drives of more than one frame."""
        return any(each.cuts and each.frames > 1 for each in self._candidate().preview)

    def _candidate(self) -> Candidate:
        return self._found[max(0, self.format.currentIndex())]

    def _show_format(self, _index: int) -> None:
        chosen = self.chosen()
        found = [f"{each.path}: {each.message}" for each in self._candidate().problems]
        self._form.setRowVisible(self.clips, self._cuts())
        self.summary.setText(chosen.summary or f"{chosen.items:,} items")
        names = ", ".join(chosen.classes[:40]) + (" …" if len(chosen.classes) > 40 else "")
        self.classes.setText(names or "none: the data is not labelled, or its classes show when it is read")
        self.warnings.setPlainText("\n".join((*chosen.warnings, *found)))
        self.warnings.setVisible(bool(chosen.warnings or found))

    def _lay_out(self) -> None:
        form = self._form
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow("&Format", self.format)
        form.addRow("What comes in", self.summary)
        form.addRow("Classes", self.classes)
        form.addRow("", self.pictures)
        form.addRow("", self.warnings)
        form.addRow("&Cut into clips of", self.clips)
        form.addRow("&Source", self.source)
        form.addRow("&Purpose", self.purpose)
        form.addRow("Sensiti&vity", self.sensitivity)
        inside = QVBoxLayout(self.advanced)
        inside.addWidget(self.adopt)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addWidget(self.tasks)
        column.addWidget(self.advanced)
        column.addStretch(1)


def first_pictures(tree: Tree, found: Sequence[Candidate]) -> list[QImage]:
    """Small versions of the first items' pictures; for a background call.

    Sizes are read from the headers before anything is decoded, and what is no sound picture is left out.
    """
    paths = [path for item in found[0].preview for path in item.paths if path.lower().endswith(_SUFFIXES)]
    images = (_small(tree, path) for path in paths)
    return [image for image in images if image is not None][:_PICTURES] if found else []


def _small(tree: Tree, path: str) -> QImage | None:
    if tree.size(path) > _LARGEST_BYTES:
        return None
    try:
        with tree.open(path) as file:
            data = QByteArray(file.read())
    except (OSError, AtelierError, *BROKEN):
        return None
    buffer = QBuffer(data)
    buffer.open(QBuffer.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > 100_000_000:
        return None
    reader.setScaledSize(size.scaled(QSize(_SIDE, _SIDE), Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    return None if image.isNull() else image


def _wrapped() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    # else the form gives it the narrow width that it would like, and cuts the second line
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
