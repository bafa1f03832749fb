"""The key of somebody's authenticator app: a picture for its camera, and the same key to type by hand."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.shell.icons import set_icon
from widgets.qr_code import QrCode


class AuthenticatorKey(QWidget):
    """Shows an `otpauth://` address as picture and as text; it is shown once, when an account is made."""

    def __init__(self) -> None:
        super().__init__()
        self._secret = ""
        self.picture = QrCode("QR code of the authenticator's key")
        self.picture.setAccessibleDescription(
            "For an authenticator app's camera. The key itself stands beside."
        )
        how = QLabel("Scan this picture with an authenticator app, or type its key there:")
        how.setWordWrap(True)
        self.key = QLabel()
        self.key.setAccessibleName("Key for the authenticator")
        self.key.setTextFormat(Qt.TextFormat.PlainText)
        self.key.setWordWrap(True)
        self.key.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.key.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.copy = QPushButton("Copy the key")
        set_icon(self.copy, "copy")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._secret))
        beside = QVBoxLayout()
        beside.addWidget(how)
        beside.addWidget(self.key)
        beside.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)
        beside.addStretch(1)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(16)
        across.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        across.addLayout(beside, 1)

    def show_uri(self, uri: str) -> None:
        """Another account's key."""
        self._secret = secret_of(uri)
        self.picture.show_text(uri)
        self.key.setText(in_fours(self._secret))


def secret_of(uri: str) -> str:
    """The key in an `otpauth://` address, in base32 as apps ask for it."""
    return parse_qs(urlsplit(uri).query).get("secret", [""])[0]


def in_fours(text: str) -> str:
    """In groups of four letters, four groups a line, as a person reads out and types."""
    groups = [text[start : start + 4] for start in range(0, len(text), 4)]
    return "\n".join(" ".join(groups[start : start + 4]) for start in range(0, len(groups), 4))
