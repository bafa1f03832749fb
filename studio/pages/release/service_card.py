"""One service: what answers, how the traffic is shared, and the ways back."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from studio.domain.wire.releases import Service, SetArms
from studio.pages.release.saying import SERVICE_STATES, arm_line, shares_with
from widgets.share_slider import ShareSlider


class ServiceCard(QFrame):
    """`shared(SetArms)`, and `asked(what)`: roll_back, stop, start, token, try, pool, lineage."""

    shared = Signal(object)
    asked = Signal(str)

    def __init__(self, service: Service, may_release: bool) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName(f"Service {service.name}")
        self.service = service
        self._may = may_release
        self.title = _label(1.2)
        self.state = _label()
        self.url = _label()
        self.url.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.url.setAccessibleName("Address of the service")
        self.arms = _label()
        self.arms.setWordWrap(True)
        self.slider = ShareSlider()
        self.slider.changed.connect(self._share)
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout()
        for name, title in (
            ("try", "Try it"),
            ("roll_back", "Roll back"),
            ("stop", "Stop"),
            ("start", "Start"),
            ("token", "New token"),
            ("pool", "Latest online data"),
            ("lineage", "Lineage"),
        ):
            button = QPushButton(title)
            button.setAccessibleName(f"{title}: {service.name}")
            button.clicked.connect(partial(self._ask, name))
            self.buttons[name] = button
            row.addWidget(button)
        row.addStretch(1)
        self.buttons["roll_back"].setToolTip("Back to the shares before the last change, at once.")
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.addWidget(self.title)
        column.addWidget(self.state)
        column.addWidget(self.url)
        column.addWidget(self.arms)
        column.addWidget(self.slider)
        column.addLayout(row)
        self.show_service(service)

    def show_service(self, service: Service) -> None:
        """Another state of the same service."""
        self.service = service
        self.title.setText(service.name)
        self.state.setText(
            SERVICE_STATES[service.state].capitalize() + (f": {service.error}" if service.error else "")
        )
        self.url.setText(service.url)
        self.arms.setText("\n".join(arm_line(arm) for arm in service.arms))
        several = len(service.arms) > 1
        self.slider.setVisible(several)
        self.slider.setEnabled(self._may)
        if several:
            older = service.arms[-2].model_name if len(service.arms) == 2 else "the others"
            self.slider.set_names(older, service.arms[-1].model_name)
            focus = self.focusWidget()
            # figures come every second or two; what is being moved or typed is not taken away
            if focus is None or not self.slider.isAncestorOf(focus) or not focus.hasFocus():
                self.slider.set_share(service.arms[-1].share / 100)
        answering = service.state in ("answering", "starting")
        self.buttons["roll_back"].setEnabled(self._may and service.can_roll_back)
        self.buttons["stop"].setVisible(answering)
        self.buttons["start"].setVisible(not answering)
        for name in ("stop", "start", "token"):
            self.buttons[name].setEnabled(self._may)
        self.buttons["try"].setEnabled(service.state == "answering")
        self.buttons["pool"].setEnabled(service.online_pool is not None)

    def _share(self, share: float) -> None:
        pairs = shares_with(self.service.arms, share)
        self.shared.emit(
            SetArms(tuple((arm.model, part) for arm, (_, part) in zip(self.service.arms, pairs, strict=True)))
        )

    def _ask(self, name: str, _checked: bool = False) -> None:
        self.asked.emit(name)


def _label(scale: float = 1.0) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    if scale != 1.0:
        font = label.font()
        font.setPointSizeF(font.pointSizeF() * scale)
        font.setBold(True)
        label.setFont(font)
    return label
