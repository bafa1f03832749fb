"""What tools share: words to say, what they made to be selected next, and nothing that outlasts a moment."""

from __future__ import annotations

from plugins.pointcloud.space_scene import SpaceScene
from studio.domain.edit import Edit
from studio.domain.ids import EntityId


class Gesture:
    """A tool says otherwise where it holds more than one press of a button."""

    def __init__(self) -> None:
        self._made: frozenset[EntityId] | None = None
        self._said = ""

    def finish(self, scene: SpaceScene) -> Edit | None:
        """What Enter makes of a gesture; most end with their button."""
        return None

    def back(self) -> bool:
        """Take back the last step, if there is one."""
        return False

    def frame_left(self) -> None:
        """Another frame is shown: throw away what holds of the one before alone. Most hold in any."""

    def preview(self) -> tuple[object, ...]:
        """What is painted that is not in the document yet."""
        return ()

    def wanted_selection(self) -> frozenset[EntityId] | None:
        """What is to be selected now, told once; None: as before."""
        made, self._made = self._made, None
        return made

    def words(self) -> str:
        """What there is to say, told once."""
        said, self._said = self._said, ""
        return said

    def draft(self) -> bytes | None:
        """What is journalled of an unfinished gesture: nothing of one that takes a second."""
        return None

    def resume(self, draft: bytes) -> None:
        """Go on with what was journalled."""
