"""LZF, in which PCD's `binary_compressed` is packed.

The decoder is ours, for no declared library has one: python-lzf is not built for current Pythons, and open3d,
which reads such files whole, keeps neither rings nor times and believes their headers. Format: Marc Lehmann's
liblzf, `lzf_d.c`; 10 to 20 MB/s.
"""

from plugins.pointcloud.points.faults import broken

_MOST = 264 / 3  # times that three bytes can at most become


def unpacked(data: bytes, size: int) -> bytes:
    """The `size` bytes that `data` packs. Raises `cloud.broken`; never holds more than `size` and a run."""
    if size > len(data) * _MOST + 264:
        raise broken("so few packed bytes cannot become so many")
    out = bytearray()
    at, end = 0, len(data)
    try:
        while at < end:
            control = data[at]
            at += 1
            if control < 32:  # a run as it is
                if at + control >= end:
                    raise broken("its packed part is cut off")
                out += data[at : at + control + 1]
                at += control + 1
            else:  # what stood `back` bytes before, again
                length = control >> 5
                if length == 7:
                    length += data[at]
                    at += 1
                back = ((control & 31) << 8 | data[at]) + 1
                at += 1
                length += 2
                start = len(out) - back
                if start < 0:
                    raise broken("its packed part points before its start")
                if back >= length:
                    out += out[start : start + length]
                else:
                    out += (out[start:] * (length // back + 1))[:length]
            if len(out) > size:
                raise broken("its packed part is longer than it says")
    except IndexError as error:
        raise broken("its packed part is cut off") from error
    if len(out) != size:
        raise broken("its packed part is shorter than it says")
    return bytes(out)
