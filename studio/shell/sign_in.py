"""Signing in on a node that is not one's own."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from studio.domain.errors import AtelierError
from studio.shell.link import Credentials


class SignInDialog(QDialog):
    """Name, password and the code of an authenticator app."""

    def __init__(self, address: str, problem: AtelierError | None, subject: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Sign in")
        column = QVBoxLayout(self)
        where = QLabel(f"Sign in on the node at {address}.")
        where.setWordWrap(True)
        column.addWidget(where)
        if problem is not None:
            said = QLabel(str(problem))
            said.setWordWrap(True)
            said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            said.setAccessibleName("What went wrong")
            column.addWidget(said)
        form = QFormLayout()
        self.subject = QLineEdit(subject)
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.code = QLineEdit()
        self.code.setPlaceholderText("six digits, if your account has an authenticator")
        self.code.setMaxLength(8)
        self.passphrase = QLineEdit()
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        if problem is not None and problem.code.startswith("keyring."):
            # name, password and code were right; a code is good for once only, so they are not asked again
            self._row(form, "Pass&phrase", self.passphrase)
            self.passphrase.setToolTip("Encrypts what this studio keeps on this machine.")
            first = self.passphrase
        else:
            self._row(form, "&Name", self.subject)
            self._row(form, "&Password", self.password)
            self._row(form, "&Code", self.code)
            first = self.password if subject else self.subject
        column.addLayout(form)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText("Sign in")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 62)
        first.setFocus()

    def credentials(self) -> Credentials:
        """What was typed."""
        return Credentials(
            self.subject.text().strip(),
            self.password.text(),
            self.code.text().replace(" ", ""),
            self.passphrase.text(),
        )

    def _row(self, form: QFormLayout, title: str, field: QLineEdit) -> None:
        field.setAccessibleName(title.replace("&", ""))
        form.addRow(title, field)
