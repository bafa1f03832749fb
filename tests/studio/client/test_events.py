"""The stream of events, as text and as numbers."""

from studio.client.events import Events, Gap, messages
from studio.domain.wire.jobs import Event


def test_messages_are_taken_out_of_the_stream_and_comments_are_not() -> None:
    text = (
        "id: 4\ndata: YQ==\n\n:\n\nid: 5\ndata:\n\nevent: x\n\nid: 6\ndata: a\ndata: b\n\nid: 7\ndata: half"
    )
    assert list(messages(text.split("\n"))) == [(4, "YQ=="), (5, ""), (6, "ab")]


def _heard(*numbers: int) -> list[Event | Gap]:
    events = Events(None, lambda listener: lambda: None, lambda call: call())  # type: ignore[arg-type,return-value]
    heard: list[Event | Gap] = []
    events.listen(heard.append)
    for number in numbers:
        events._take(number, "")
    return heard


def test_numbers_in_a_row_are_no_gap_and_a_jump_or_a_step_back_is() -> None:
    assert _heard(7, 8, 8, 9) == []
    assert _heard(7, 9) == [Gap()]
    assert _heard(7, 3, 4) == [Gap()], "the node stands where it stood before: a backup was restored"


def test_an_event_that_cannot_be_read_is_a_gap() -> None:
    events = Events(None, lambda listener: lambda: None, lambda call: call())  # type: ignore[arg-type,return-value]
    heard: list[Event | Gap] = []
    events.listen(heard.append)
    events._take(1, "bm9uc2Vuc2U=")
    assert heard == [Gap()]
