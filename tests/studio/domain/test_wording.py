from studio.domain.wording import counted


def test_one_thing_is_said_in_the_singular_and_many_with_their_thousands():
    assert counted(1, "sample") == "1 sample"
    assert counted(0, "sample") == "0 samples"
    assert counted(12_000, "box", "boxes") == "12,000 boxes"
    assert counted(1, "box", "boxes") == "1 box"
