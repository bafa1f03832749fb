"""Which cells of a list are chosen, and which one the keyboard is at. No Qt."""

from __future__ import annotations


class Selection:
    """As every list of files behaves: click, Ctrl toggles, Shift stretches from where the last click was."""

    def __init__(self) -> None:
        self.chosen: set[int] = set()
        self.current = -1
        self._anchor = -1

    def clear(self) -> None:
        self.chosen = set()
        self.current = self._anchor = -1

    def click(self, index: int, toggle: bool = False, stretch: bool = False) -> None:
        """`toggle` keeps the others and turns this one; `stretch` chooses all from the last click to here."""
        if stretch and self._anchor >= 0:
            low, high = sorted((self._anchor, index))
            reached = set(range(low, high + 1))
            self.chosen = self.chosen | reached if toggle else reached
        else:
            self.chosen = self.chosen ^ {index} if toggle else {index}
            self._anchor = index
        self.current = index

    def move(self, index: int, stretch: bool = False, keep: bool = False) -> None:
        """The keyboard goes to `index`; `keep` leaves what is chosen."""
        if keep:
            self.current = index
        else:
            self.click(index, stretch=stretch)

    def choose_all(self, total: int) -> None:
        self.chosen = set(range(total))
        self.current = max(self.current, 0) if total else -1
