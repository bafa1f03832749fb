"""A real node process for tests, and people who call it as a studio does: over its socket, route by route."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from studio.domain import canonical
from studio.domain.entities import SCHEMA
from studio.domain.errors import AtelierError
from studio.domain.wire import WIRE_SCHEMA, routes
from studio.domain.wire.routes import Route, path_of
from studio.domain.wire.session import Empty, OwnSignIn, SignedIn, UserInfo

A = TypeVar("A")
ROOT = Path(__file__).resolve().parents[2]


class Person:
    """Somebody who is signed in at a node."""

    def __init__(self, http: httpx.Client, signed_in: SignedIn) -> None:
        self.http = http
        self.token = signed_in.token
        self.user: UserInfo = signed_in.user

    def send(self, route: Route[Any, Any], body: object = None, **ids: str | int) -> httpx.Response:
        """The bare answer to one request; `body` is a message, or bytes."""
        data = body if isinstance(body, bytes) else canonical.encode(body if body is not None else Empty())
        return self.http.request(
            route.method,
            path_of(route, **ids),
            content=b"" if body is None else data,
            headers={"Authorization": f"Bearer {self.token}"},
        )

    def call(self, route: Route[Any, A], body: object = None, **ids: str | int) -> A:
        """The decoded answer; a problem document is raised as the error that it carries."""
        return answer_of(self.send(route, body, **ids), route)


def answer_of(response: httpx.Response, route: Route[Any, A]) -> A:
    """The message in `response`. Raises the AtelierError of a problem document."""
    if response.status_code != 200:
        said = response.json()
        raise AtelierError(said["code"], said["title"], said["detail"], said["hint"])
    return canonical.decode(response.content, route.response)


class RunningNode:
    """A node process on a workspace folder. `kill` is kill -9; `start` starts it again."""

    def __init__(
        self, folder: Path, *, database: str = "", entry: tuple[str, ...] = ("-m", "studio")
    ) -> None:
        self.folder = folder
        self._database = database
        self._entry = entry
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process is not None
        return self._process.pid

    def start(self, **environment: str) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, *self._entry, "node", "--folder", str(self.folder)]
        if self._database:
            command += ["--database", self._database]
        self.folder.mkdir(parents=True, exist_ok=True)
        said = self.folder / "node.json"
        said.unlink(missing_ok=True)
        with (self.folder / "said").open("ab") as output:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdout=output, stderr=output, env={**os.environ, **environment}
            )
        until = time.monotonic() + 180
        while not said.exists():
            assert self._process.poll() is None, (self.folder / "said").read_text()
            assert time.monotonic() < until, "the node does not answer"
            time.sleep(0.02)
        socket = msgspec.json.decode(said.read_bytes())["socket"]
        self.http = httpx.Client(
            transport=httpx.HTTPTransport(uds=socket), base_url="http://node", timeout=60
        )

    def kill(self) -> None:
        """As a power cut of the process: no handler of it runs."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(30)
        self.http.close()

    def stop(self) -> int:
        """Ask it to stop, as a service manager does; returns its exit code."""
        assert self._process is not None
        self.http.close()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    @property
    def is_running(self) -> bool:
        """Whether the process is still there."""
        assert self._process is not None
        return self._process.poll() is None

    def wait_gone(self) -> None:
        """Wait until the process has ended by itself."""
        assert self._process is not None
        self._process.wait(60)
        self.http.close()

    def owner(self) -> Person:
        """The workspace's owner, signed in by the node's own secret."""
        secret = (self.folder / "own.secret").read_text()
        asked = OwnSignIn(secret, WIRE_SCHEMA, SCHEMA)
        response = self.http.post("/sessions/own", content=canonical.encode(asked))
        return Person(self.http, answer_of(response, routes.OWN_SIGN_IN))


@contextmanager
def running_node(folder: Path, **how: Any) -> Iterator[RunningNode]:
    """A node on `folder` that is stopped afterwards."""
    node = RunningNode(folder, **how)
    try:
        yield node
    finally:
        node.stop()
