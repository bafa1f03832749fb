"""The code's side of the descriptors: what is sent goes by a thread of its own, what comes in sets flags."""

import os
import queue
import threading
from collections.abc import Iterable

import msgspec
from atelier_wire import (
    ASK_BYTES,
    PART_BYTES,
    Ask,
    Cancel,
    In,
    Kept,
    Message,
    Part,
    Pause,
    Purpose,
    Reader,
    Specification,
    Writer,
)

_WAITING = 64  # frames on their way: a slow node holds the code up rather than filling its memory


class Link:
    """Both descriptors of one run."""

    def __init__(self, specification: Specification, out_fd: int, in_fd: int) -> None:
        self._writer = Writer(out_fd, specification.key, "out", specification.attempt)
        self._reader = Reader(
            _Exactly(in_fd), specification.key, "in", specification.attempt, ASK_BYTES + PART_BYTES
        )
        self._queue: queue.Queue[Message | None] = queue.Queue(_WAITING)
        self._kept = threading.Condition()
        self._kept_number = -1
        self.pause = threading.Event()
        self.cancel = threading.Event()
        self.asked: queue.Queue[Ask | None] = queue.Queue()
        self._sender = threading.Thread(target=self._send, name="sender", daemon=True)
        self._sender.start()
        threading.Thread(target=self._listen, name="listener", daemon=True).start()

    def send(self, message: Message) -> None:
        """Send `message`, after those before it."""
        self._queue.put(message)

    def send_files(self, purpose: Purpose, number: int, files: Iterable[tuple[str, bytes]]) -> None:
        """Send whole files in pieces."""
        for name, data in files:
            starts = range(0, max(len(data), 1), PART_BYTES)
            for start in starts:
                piece = data[start : start + PART_BYTES]
                self.send(Part(purpose, number, name, piece, start == starts[-1]))

    def wait_kept(self, number: int) -> None:
        """Wait until checkpoint `number` is on the node's disk."""
        with self._kept:
            self._kept.wait_for(lambda: self._kept_number >= number)

    def finish(self) -> None:
        """Wait until everything was sent."""
        self._queue.put(None)
        self._sender.join()

    def _send(self) -> None:
        while (message := self._queue.get()) is not None:
            self._writer.write(message)

    def _listen(self) -> None:
        decoder = msgspec.msgpack.Decoder(In)
        try:
            while (body := self._reader.frame()) is not None:
                self._heed(decoder.decode(body))
        finally:
            # the node is gone, or no longer itself: this environment ends with it
            self.cancel.set()
            self.asked.put(None)

    def _heed(self, message: In) -> None:
        match message:
            case Kept(number):
                with self._kept:
                    self._kept_number = number
                    self._kept.notify_all()
            case Pause():
                self.pause.set()
            case Cancel():
                self.cancel.set()
            case Ask():
                self.asked.put(message)


class _Exactly:
    """Reads as many bytes as asked, or up to the end of the stream."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __call__(self, count: int) -> bytes:
        pieces = bytearray()
        while len(pieces) < count:
            piece = os.read(self._descriptor, min(count - len(pieces), PART_BYTES))
            if not piece:
                break
            pieces += piece
        return bytes(pieces)
