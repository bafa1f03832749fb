"""Pictures of outcomes: what a sheet of mistakes shows of those that lie on no picture of their own."""

from collections.abc import Callable, Sequence
from typing import Protocol

from studio.domain.entities import AnyEntity
from studio.domain.ids import StreamId
from studio.domain.wire.evaluation import Match
from studio.domain.wire.projects import Stream


class Crops(Protocol):
    """Makes one picture of one outcome. No Qt: it runs beside the GUI thread."""

    def picture(
        self,
        match: Match,
        streams: Sequence[Stream],
        entities: Sequence[AnyEntity],
        read: Callable[[StreamId, int, str], bytes],
    ) -> bytes:
        """A JPEG that shows label and prediction where they stand.

        streams and entities are the item's; `read` gives a rendition of a frame of a stream and raises
        `media.*`, as this does where nothing can be shown.
        """
