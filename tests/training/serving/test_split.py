"""Who is answered by which model."""

from hypothesis import given
from hypothesis import strategies as st

from training.serving.split import arm_at, place_of

shares = st.lists(st.integers(0, 100), min_size=1, max_size=5).map(
    lambda cuts: [high - low for low, high in zip([0, *sorted(cuts)], [*sorted(cuts), 100], strict=True)]
)
places = st.floats(0, 100, exclude_max=True)


@given(shares, places)
def test_an_arm_without_a_share_answers_nobody(each: list[int], place: float) -> None:
    assert each[arm_at(place, each)] > 0


@given(st.integers(0, 100), st.integers(0, 100), places)
def test_a_larger_share_keeps_everybody_it_had(one: int, other: int, place: float) -> None:
    small, large = sorted((one, other))
    if arm_at(place, (100 - small, small)) == 1:
        assert arm_at(place, (100 - large, large)) == 1


@given(st.binary(min_size=32, max_size=32), st.text(max_size=50))
def test_a_caller_stands_where_key_and_token_put_them(key: bytes, caller: str) -> None:
    place = place_of(key, b"token", caller)
    assert 0 <= place < 100
    assert place == place_of(key, b"token", caller)


def test_another_key_or_token_moves_callers_about() -> None:
    callers = [f"press {index}" for index in range(200)]
    stood = [place_of(b"k" * 32, b"t", caller) for caller in callers]
    for key, token in ((b"l" * 32, b"t"), (b"k" * 32, b"u")):
        moved = [
            abs(place_of(key, token, caller) - was) > 1 for caller, was in zip(callers, stood, strict=True)
        ]
        assert sum(moved) > 150


def test_callers_spread_over_all_places() -> None:
    stood = [place_of(b"k" * 32, b"t", f"press {index}") for index in range(2_000)]
    for low in range(0, 100, 10):
        assert 120 < sum(low <= place < low + 10 for place in stood) < 280
