"""Adding a person: what an administrator does in the dialog, and what they hand over."""

from contextlib import closing

import pyotp
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.client import Client
from studio.pages.security.authenticator import secret_of
from studio.pages.security.people import NewPersonDialog

PASSWORD = "correct horse battery"


def test_a_person_signs_in_with_the_key_that_the_dialog_shows(workplace, qtbot):
    window = workplace.window
    dialog = NewPersonDialog(window.desk, window)
    dialog.show()
    assert not dialog.key.isVisible()
    for field, text in ((dialog.subject, "ann"), (dialog.name, "Ann"), (dialog.password, PASSWORD)):
        QTest.keyClicks(field, text)
    QTest.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dialog.key.isVisible, timeout=30_000)
    picture = dialog.key.picture
    assert not picture.sizeHint().isEmpty()
    qtbot.waitUntil(lambda: picture.visibleRegion().boundingRect().size() == picture.sizeHint())
    typed = "".join(dialog.key.key.text().split())
    with closing(Client.connect(workplace.node.address)) as ann:
        assert ann.sign_in("ann", PASSWORD, pyotp.TOTP(typed).now()).name == "Ann"
    dialog.close()


def test_the_key_is_taken_out_of_its_address():
    assert (
        secret_of("otpauth://totp/Atelier:ann?secret=JBSWY3DPEHPK3PXP&issuer=Atelier") == "JBSWY3DPEHPK3PXP"
    )
    assert secret_of("otpauth://totp/x") == ""
