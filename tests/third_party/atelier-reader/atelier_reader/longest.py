"""What to label next: the text with the most characters."""

from collections.abc import Sequence

from studio.domain.contracts.training import Judged
from studio.domain.entities import Segment


class LongestFirst:
    """Ranks texts by their length."""

    name = "longest_first"
    title = "Longest text first"

    def rank(self, items: Sequence[Judged]) -> list[tuple[str, float]]:
        lengths = {
            item.item: float(sum(len(each.text) for each in item.labels if isinstance(each, Segment)))
            for item in items
        }
        return sorted(lengths.items(), key=lambda pair: -pair[1])
