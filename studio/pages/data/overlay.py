"""Boxes over thumbnails: labels, or a model's predictions as a layer, fetched for the items in sight."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

from PySide6.QtCore import QObject, Signal

from studio.domain.entities import AnyEntity, Box, Polygon, Track
from studio.domain.ids import EntityId, ItemId, ProjectId
from studio.domain.ontology import Ontology
from studio.domain.wire import routes
from studio.domain.wire.projects import Project
from studio.shell.calls import Call
from studio.shell.page import Desk
from widgets.sheet_cells import SheetBox

Layer = Literal["none", "labels", "predictions"]
_KEPT = 2000
_AT_ONCE = 2
_MOST = 400  # boxes of one thumbnail: more are not told apart
_LEAST_SCORE = 0.3
_PLAIN = "#d55e00"


class Overlay(QObject):
    """`came(item, boxes)` follows `want`; nothing does while the layer is `none`."""

    came = Signal(str, object)

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._calls = desk.picture_calls_of(self)
        self._ontology: tuple[ProjectId, int, Ontology] | None = None
        self.layer: Layer = "none"
        self._running = 0
        self._wanted: OrderedDict[ItemId, None] = OrderedDict()
        self._kept: OrderedDict[ItemId, tuple[SheetBox, ...]] = OrderedDict()

    def show(self, layer: Layer) -> None:
        """Another layer."""
        self.layer = layer
        self.forget_all()

    def forget_all(self) -> None:
        """Everything may have changed."""
        self._calls.cancel_all()
        self._running = 0
        self._wanted.clear()
        self._kept.clear()

    def forget(self, item: ItemId) -> None:
        """This item has changed."""
        self._kept.pop(item, None)

    def boxes(self, item: ItemId) -> tuple[SheetBox, ...]:
        """What is known of an item's boxes."""
        return self._kept.get(item, ())

    def want(self, item: ItemId) -> None:
        """Fetch an item's boxes, if they are not here."""
        if self.layer != "none" and item not in self._kept and not self._calls.is_running(item):
            self._wanted[item] = None
            self._start()

    def _start(self) -> None:
        # few at once: they share their threads with the pictures, which are wanted first
        project = self._desk.project
        while self._wanted and self._running < _AT_ONCE and project is not None:
            item, _ = self._wanted.popitem(last=False)
            self._running += 1
            self._fetch(item, project)

    def _fetch(self, item: ItemId, project: Project) -> None:
        layer = self.layer

        def work(call: Call) -> tuple[SheetBox, ...]:
            call.check()
            ontology = self._ontology_of(project.id, project.ontology_version)
            client = self._desk.client
            if layer == "labels":
                return boxes_of(client.call(routes.DOCUMENT, item=item).entities, ontology)
            made: list[SheetBox] = []
            for each in client.call(routes.PREDICTIONS, item=item).predictions[-1:]:
                low = {key for key, score in each.scores if score < _LEAST_SCORE}
                made += boxes_of(
                    [entity for entity in each.entities if entity.id not in low], ontology, "dash"
                )
            return tuple(made)

        def done(boxes: tuple[SheetBox, ...]) -> None:
            self._kept[item] = boxes
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            self.came.emit(item, boxes)
            ended()

        def ended(_error: object = None) -> None:
            # a layer is an aid: where it does not come, the thumbnail stays as it is
            self._running = max(0, self._running - 1)
            self._start()

        self._calls.start(item, work, done, ended)

    def _ontology_of(self, project: ProjectId, version: int) -> Ontology:
        held = self._ontology
        if held is None or held[:2] != (project, version):
            found = self._desk.client.call(routes.ONTOLOGY, project=project, version=version).ontology
            held = self._ontology = (project, version, found)
        return held[2]


def boxes_of(
    entities: list[AnyEntity] | tuple[AnyEntity, ...], ontology: Ontology, dash: str = ""
) -> tuple[SheetBox, ...]:
    """Outlines of the boxes and polygons on the first frame, in their classes' colours and dashes."""
    tracks: dict[EntityId, str] = {each.id: each.class_name for each in entities if isinstance(each, Track)}
    styles = {each.name: (each.color, each.dash) for each in ontology.classes}
    made: list[SheetBox] = []
    for shape in entities:
        match shape:
            case Box(frame=0, xyxy=xyxy):
                pass
            case Polygon(frame=0, outline=outline) if outline:
                xs, ys = [x for x, _ in outline], [y for _, y in outline]
                xyxy = (min(xs), min(ys), max(xs), max(ys))
            case _:
                continue
        color, own_dash = styles.get(tracks.get(shape.track, ""), (_PLAIN, "solid"))
        made.append(SheetBox(xyxy, color, dash or own_dash))
        if len(made) == _MOST:
            break
    return tuple(made)
