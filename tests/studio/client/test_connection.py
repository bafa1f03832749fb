"""Requests over a real socket to a server that answers badly, late, or not at all."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import msgspec
import pytest

from studio.client import Client, connection
from studio.client.connection import Connection
from studio.domain import canonical, entities
from studio.domain.errors import AtelierError
from studio.domain.ontology import Ontology
from studio.domain.wire import WIRE_SCHEMA, routes
from studio.domain.wire.documents import RevisionQuery, Revisions
from studio.domain.wire.projects import NewProject
from studio.domain.wire.session import Handshake

Answer = tuple[int, str, bytes]
HANDSHAKE = Handshake("atelier", "9", WIRE_SCHEMA, entities.SCHEMA, "node", bytes(32), bytes(32))
MESSAGE = "application/msgpack"


class Server:
    """Answers what it is told to, in turn; None cuts the connection. Keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer | None] = []
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.asked.append(f"{self.command} {self.path}")
                given = outer.answers.pop(0) if outer.answers else None
                if given is None:
                    self.close_connection = True
                    return
                status, kind, body = given
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def line(server: Server) -> Iterator[Connection]:
    made = Connection(server.address)
    yield made
    made.close()


def refused(call: Callable[[], object]) -> AtelierError:
    with pytest.raises(AtelierError) as error:
        call()
    return error.value


def shaken(**other: int) -> Answer:
    return 200, MESSAGE, canonical.encode(msgspec.structs.replace(HANDSHAKE, **other))


def test_an_older_node_is_refused_and_a_newer_one_asks_for_a_newer_studio(server: Server) -> None:
    for wire, code in ((WIRE_SCHEMA - 1, "node.too_old"), (WIRE_SCHEMA + 1, "studio.too_old")):
        server.answers = [shaken(wire=wire)]
        assert refused(lambda: Client.connect(server.address)).code == code


def test_a_handshake_with_fields_of_the_future_asks_for_a_newer_studio(server: Server) -> None:
    raw = msgspec.msgpack.decode(canonical.encode(HANDSHAKE)) | {"quantum": True}
    server.answers = [(200, MESSAGE, msgspec.msgpack.encode(raw))]
    assert refused(lambda: Client.connect(server.address)).code == "studio.too_old"


def test_other_entities_may_be_looked_at_and_not_touched(server: Server) -> None:
    server.answers = [shaken(entities=entities.SCHEMA + 1)]
    client = Client.connect(server.address)
    assert client.read_only
    client.close()


def test_a_problem_document_is_the_error_that_it_carries(server: Server, line: Connection) -> None:
    problem = AtelierError("lease.lost", "Your lease ended.", "detail", "Open it again.").as_problem(409)
    server.answers = [(409, "application/problem+json", msgspec.json.encode(problem))]
    error = refused(lambda: line.call(routes.HANDSHAKE))
    assert (error.code, error.message, error.detail, error.hint) == (
        "lease.lost", "Your lease ended.", "detail", "Open it again.",
    )  # fmt: skip
    assert len(server.asked) == 1, "a refusal is not asked for again"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"code": 7}', b"\xff\xfe"])
def test_an_error_that_is_no_problem_document_is_said_plainly(
    server: Server, line: Connection, body: bytes
) -> None:
    server.answers = [(418, "text/html", body)]
    assert refused(lambda: line.call(routes.HANDSHAKE)).code == "node.answer"


def test_an_answer_that_is_no_message_is_refused(server: Server, line: Connection) -> None:
    server.answers = [(200, MESSAGE, b"\xc1")]
    assert refused(lambda: line.call(routes.HANDSHAKE)).code == "wire.malformed"


def test_what_only_asks_is_asked_again_and_what_changes_something_is_not(
    server: Server, line: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.time, "sleep", lambda seconds: None)
    server.answers = [None, (503, "", b""), shaken()]
    assert line.call(routes.HANDSHAKE) == HANDSHAKE
    server.answers = [None, (200, MESSAGE, canonical.encode(Revisions(())))]
    assert line.call(routes.REVISIONS, RevisionQuery(), item="i").revisions == ()
    server.asked.clear()
    server.answers = [None, shaken()]
    new = NewProject("p", Ontology())
    assert refused(lambda: line.call(routes.NEW_PROJECT, new)).code == "node.gone"
    assert server.asked == ["POST /projects"]


def test_a_node_that_never_comes_back_is_gone_after_a_few_tries(
    server: Server, line: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.time, "sleep", lambda seconds: None)
    assert refused(lambda: line.call(routes.HANDSHAKE)).code == "node.gone"
    assert len(server.asked) == connection.TRIES


def test_a_node_that_is_slow_is_told_from_one_that_is_gone(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "TIMEOUT", httpx.Timeout(0.05))
    monkeypatch.setattr(connection.time, "sleep", lambda seconds: None)
    held = threading.Event()
    monkeypatch.setattr(server.server.RequestHandlerClass, "do_GET", lambda self: held.wait(5), raising=True)
    made = Connection(server.address)
    assert refused(lambda: made.call(routes.HANDSHAKE)).code == "node.slow"
    held.set()
    made.close()


def test_the_surroundings_cannot_lead_requests_elsewhere(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.answers = [shaken()]
    made = Connection(server.address)
    assert made.call(routes.HANDSHAKE) == HANDSHAKE
    made.close()


def test_a_large_answer_is_written_as_it_comes(server: Server, line: Connection) -> None:
    import io

    data = bytes(range(256)) * 5000
    server.answers = [(200, "application/octet-stream", data)]
    file = io.BytesIO()
    ids = {"project": "p", "request": "r"}
    assert line.download(routes.FETCH_EXPORT, file, **ids) == len(data)
    assert file.getvalue() == data


def test_any_thread_may_ask(server: Server, line: Connection) -> None:
    server.answers = [shaken()] * 40
    answers: list[Handshake] = []
    threads = [
        threading.Thread(target=lambda: answers.extend(line.call(routes.HANDSHAKE) for _ in range(5)))
        for _ in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert answers == [HANDSHAKE] * 40


def test_pauses_grow_differ_and_stay_bounded() -> None:
    from studio.client.retry import LONGEST_S, pauses

    many = [[next(waits) for _ in range(12)] for waits in (pauses() for _ in range(20))]
    assert all(0 < each <= LONGEST_S for row in many for each in row)
    assert all(row[6] > row[0] for row in many)
    assert len({round(row[0], 6) for row in many}) > 10, "fifty studios do not come back at once"
