"""People of the node and their roles in the open project."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.domain.errors import AtelierError
from studio.domain.wire import routes
from studio.domain.wire.session import NewUser, NewUserMade, Role, SetRoles, UserInfo, Users
from studio.pages.security.authenticator import AuthenticatorKey
from studio.shell.icons import set_icon
from studio.shell.page import Desk

_ROLES: tuple[tuple[Role, str], ...] = (
    ("annotator", "labels items"),
    ("reviewer", "reviews labelled items, decides at the airlock"),
    ("scientist", "trains and evaluates"),
    ("manager", "brings data in, makes tasks, sets roles"),
    ("releaser", "accepts releases, sets traffic"),
    ("auditor", "reads everything, changes nothing"),
)


class PeopleView(QWidget):
    """A row a person, a box a role. Who is no administrator of the node sees the members of the project."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._calls = desk.calls_of(self)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.add = QPushButton("Add a person …")
        set_icon(self.add, "add")
        self.add.clicked.connect(self._add)
        self.table = QTableWidget(0, 2 + len(_ROLES))
        self.table.setAccessibleName("People and their roles")
        self.table.setHorizontalHeaderLabels(
            ["Name", "Sign-in name", *(role.capitalize() for role, _ in _ROLES)]
        )
        for column, (_, text) in enumerate(_ROLES, 2):
            header = self.table.horizontalHeaderItem(column)
            if header is not None:
                header.setToolTip(text)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        top = QHBoxLayout()
        top.addWidget(self.said, 1)
        top.addWidget(self.add)
        column_layout = QVBoxLayout(self)
        column_layout.addLayout(top)
        column_layout.addWidget(self.table)

    def refresh(self) -> None:
        """Ask the node who there is."""
        project, user = self._desk.project, self._desk.user
        if not self._desk.is_connected or user is None:
            return
        client = self._desk.client
        self.add.setVisible(user.admin)
        self.said.setText(
            f"Roles in “{project.name}”."
            if project is not None
            else "Open a project to give people roles in it."
        )
        if user.admin:
            self._calls.start("people", lambda _call: client.call(routes.USERS), self._show)
        elif project is not None:
            self._calls.start(
                "people", lambda _call: client.call(routes.MEMBERS, project=project.id), self._show
            )

    def _show(self, users: Users) -> None:
        project, me = self._desk.project, self._desk.user
        may = self._desk.may("manager") and project is not None
        self.table.setRowCount(len(users.users))
        for row, user in enumerate(users.users):
            name = (
                user.name
                + (" (administrator)" if user.admin else "")
                + (" (disabled)" if user.disabled else "")
            )
            self.table.setItem(row, 0, QTableWidgetItem(name))
            self.table.setItem(row, 1, QTableWidgetItem(user.subject))
            held = dict(user.roles).get(project.id, ()) if project is not None else ()
            for column, (role, _) in enumerate(_ROLES, 2):
                box = QCheckBox()
                box.setAccessibleName(f"{user.name}: {role}")
                box.setChecked(role in held)
                # nobody changes their own rights; the node refuses it as well
                box.setEnabled(may and me is not None and user.id != me.id and not user.disabled)
                box.clicked.connect(partial(self._turn, user, role))
                cell = QWidget()
                inside = QHBoxLayout(cell)
                inside.setContentsMargins(0, 0, 0, 0)
                inside.addWidget(box, 0, Qt.AlignmentFlag.AlignCenter)
                self.table.setCellWidget(row, column, cell)

    def _turn(self, user: UserInfo, role: Role, on: bool) -> None:
        project = self._desk.project
        if project is None:
            return
        client = self._desk.client
        held: set[Role] = set(dict(user.roles).get(project.id, ()))
        wanted = held | {role} if on else held - {role}
        roles = SetRoles(tuple(each for each, _ in _ROLES if each in wanted))

        def failed(error: AtelierError) -> None:
            self._desk.show_error(error)
            self.refresh()

        self._calls.start(
            ("roles", user.id),
            lambda _call: client.call(routes.SET_ROLES, roles, project=project.id, user=user.id),
            lambda _user: self.refresh(),
            failed,
        )

    def _add(self) -> None:
        dialog = NewPersonDialog(self._desk, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(lambda _result: self.refresh())
        dialog.open()


class NewPersonDialog(QDialog):
    """Name and password; then the authenticator's key, shown once."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add a person")
        self._desk = desk
        self._calls = desk.calls_of(self)
        self.subject = _field("Sign-in name", "short, e.g. ann")
        self.name = _field("Name", "as others see it")
        self.password = _field("First password", "at least 12 characters")
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        form = QFormLayout()
        form.addRow("&Sign-in name", self.subject)
        form.addRow("&Name", self.name)
        form.addRow("First &password", self.password)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.key = AuthenticatorKey()
        self.key.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.make = QPushButton("Add")
        self.make.setDefault(True)
        self.make.clicked.connect(self._make)
        self.buttons.addButton(self.make, QDialogButtonBox.ButtonRole.ActionRole)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.said)
        column.addWidget(self.key)
        column.addWidget(self.buttons)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 66)

    def _make(self) -> None:
        client = self._desk.client
        wanted = NewUser(self.subject.text().strip(), self.name.text().strip(), self.password.text())
        self.make.setEnabled(False)

        def failed(error: AtelierError) -> None:
            self.make.setEnabled(True)
            self.said.setText(str(error))

        self._calls.start("make", lambda _call: client.call(routes.NEW_USER, wanted), self._made, failed)

    def _made(self, made: NewUserMade) -> None:
        self.said.setText(
            f"{made.user.name} can sign in with the password and a code. Put this key into their "
            "authenticator app now: it is shown only once."
        )
        self.key.show_uri(made.totp_uri)
        self.key.show()
        for each in (self.subject, self.name, self.password):
            each.setEnabled(False)
        self.make.hide()
        self.adjustSize()  # a picture that is cut cannot be scanned


def _field(name: str, hint: str) -> QLineEdit:
    field = QLineEdit()
    field.setAccessibleName(name)
    field.setPlaceholderText(hint)
    return field
