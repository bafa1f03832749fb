"""COCO's run-length encoding of masks: column by column, runs of 0 and 1 in turn, packed as text.

From the description of `maskApi` in the COCO API (cocodataset.org): each run, from the third on as the
difference to the one two before, in 5-bit groups with a continuation bit, offset by 48.
"""


def compressed(runs: list[int]) -> bytes:
    """Runs of an uncompressed mask as COCO's compressed bytes."""
    out = bytearray()
    for number, run in enumerate(runs):
        value = run - runs[number - 2] if number > 2 else run
        more = True
        while more:
            group = value & 0x1F
            value >>= 5
            more = value != (-1 if group & 0x10 else 0)
            out.append((group | (0x20 if more else 0)) + 48)
    return bytes(out)


def runs_of(data: bytes) -> list[int]:
    """The runs that `compressed` packed."""
    runs: list[int] = []
    value = shift = 0
    for byte in data:
        group = byte - 48
        value |= (group & 0x1F) << shift
        shift += 5
        if group & 0x20:
            continue
        if group & 0x10:
            value |= -1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    return runs
