"""The dialog for a new project."""

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from studio.domain.wire.projects import NewProject
from studio.pages.home.classes import ontology_of


class NewProjectDialog(QDialog):
    """Name, purpose and classes; all but the name may wait for the first import."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("New project")
        self.name = QLineEdit(name)
        self.name.setAccessibleName("Name")
        self.name.setPlaceholderText("e.g. Blood cells")
        self.description = QLineEdit()
        self.description.setAccessibleName("What it is for")
        self.description.setPlaceholderText("optional")
        self.classes = QPlainTextEdit()
        self.classes.setAccessibleName("Classes")
        self.classes.setPlaceholderText("one a line, e.g.\ncar\nperson")
        self.classes.setTabChangesFocus(True)
        self.classes.setFixedHeight(self.fontMetrics().lineSpacing() * 6)
        form = QFormLayout()
        form.addRow("&Name", self.name)
        form.addRow("What it is &for", self.description)
        form.addRow("&Classes", self.classes)
        hint = QLabel("Leave the classes empty if your data is labelled: they come with the import.")
        hint.setWordWrap(True)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok.setText("Create project")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(hint)
        column.addWidget(buttons)
        self.name.textChanged.connect(self._check)
        self._check()
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 64)

    def project(self) -> NewProject:
        """What was asked for."""
        return NewProject(
            self.name.text().strip(),
            ontology_of(self.classes.toPlainText()),
            self.description.text().strip(),
        )

    def _check(self) -> None:
        self._ok.setEnabled(bool(self.name.text().strip()))
