"""One service's process: started in a session of its own, found again, spoken to, stopped."""

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
from msgspec import Struct

import training
from studio.domain.errors import AtelierError
from studio.domain.ids import ServiceId
from training.serving import control
from training.serving.control import PROCESS_FILE, ServiceState

_PATIENCE_S = 5.0
_MODULE = "training.serving.main"


class _Said(Struct, frozen=True):
    pid: int
    port: int


class ServiceProcess:
    """The process of the service whose folder this is, whoever started it."""

    def __init__(self, folder: Path, service: ServiceId, control_key: bytes, verify_key: bytes) -> None:
        self._folder = folder
        self._service = service
        self._control_key = control_key
        self._verify_key = verify_key
        self._child: subprocess.Popen[bytes] | None = None
        # a fifth of a second of imports, which a node without services starts without
        import httpx

        self._refused: type[Exception] = httpx.HTTPError
        # no proxy of the environment stands between a node and its own machine
        self._http = httpx.Client(timeout=_PATIENCE_S, trust_env=False)

    @property
    def port(self) -> int:
        """Where it last said that it listens; 0: it has not said yet."""
        said = self._said()
        return said.port if said else 0

    @property
    def url(self) -> str:
        """The address to post pictures to."""
        return f"http://127.0.0.1:{self.port}"

    def is_alive(self) -> bool:
        """Whether there is a process of ours on the folder."""
        if self._child is not None and self._child.poll() is None:
            return True
        said = self._said()
        return said is not None and self._is_ours(said.pid)

    def start(self, port: int) -> None:
        """Start it; it says in its folder where it listens."""
        (self._folder / PROCESS_FILE).unlink(missing_ok=True)
        environment = {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(
                dict.fromkeys((str(Path(training.__file__).resolve().parents[1]), *_own_paths()))
            ),
        }
        self._child = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                _MODULE,
                str(self._folder),
                self._service,
                self._verify_key.hex(),
                "--port",
                str(port),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=os.path.sep,
            start_new_session=True,  # the node's end is not its end
        )

    def state(self) -> ServiceState | None:
        """What it says of itself, where it answers and proves that it is ours; None otherwise."""
        if not self.port:
            return None
        nonce = secrets.token_hex(16)
        shown = control.proof(self._control_key, "node", nonce)
        headers = {control.NONCE_HEADER: nonce, control.PROOF_HEADER: shown}
        try:
            answer = self._http.get(self.url + control.PATH, headers=headers)
            own = answer.headers.get(control.PROOF_HEADER, "")
            if answer.status_code != 200 or not control.is_proof(self._control_key, "service", nonce, own):
                return None
            return msgspec.json.decode(answer.content, type=ServiceState)
        except (self._refused, msgspec.DecodeError):
            return None

    def ask(self, picture: bytes, token: str, caller: str) -> bytes:
        """Its answer to a picture. Raises `service.silent`, and what it refuses with."""
        headers = {"Authorization": f"Bearer {token}", "X-Caller": caller}
        try:
            answer = self._http.post(f"{self.url}/predict", content=picture, headers=headers, timeout=60)
        except self._refused as error:
            raise AtelierError(
                "service.silent",
                "The service does not answer now.",
                detail=type(error).__name__,
                hint="Wait a moment; it is started again by itself. Or start it in Release.",
            ) from error
        if answer.status_code != 200:
            said = answer.json()
            raise AtelierError(said["code"], said["title"], said.get("detail", ""), said.get("hint", ""))
        return answer.content

    def stop(self) -> None:
        """Ask it to end, and end it where it does not."""
        said = self._said()
        pid = said.pid if said and self._is_ours(said.pid) else self._child.pid if self._child else 0
        if pid:
            _end(pid, self._is_ours)
        if self._child is not None:
            self._child.wait()
            self._child = None
        (self._folder / PROCESS_FILE).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of it; it goes on."""
        self._http.close()

    def last_words(self) -> str:
        """The end of its log, for its node's."""
        try:
            return (self._folder / "service.log").read_text(errors="replace")[-500:].strip()
        except OSError:
            return ""

    def _said(self) -> _Said | None:
        try:
            return msgspec.json.decode((self._folder / PROCESS_FILE).read_bytes(), type=_Said)
        except (OSError, msgspec.DecodeError):
            return None

    def _is_ours(self, pid: int) -> bool:
        if self._child is not None and self._child.pid == pid and self._child.poll() is not None:
            return False
        try:
            # a process number is given away again: its command line tells whose it is now
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return _MODULE.encode() in words and str(self._folder).encode() in words


def _end(pid: int, is_ours: object) -> None:
    assert callable(is_ours)
    for how, patience_s in ((signal.SIGTERM, 12.0), (signal.SIGKILL, 5.0)):
        if not is_ours(pid):
            return
        try:
            os.kill(pid, how)
        except ProcessLookupError:
            return
        until = time.monotonic() + patience_s
        while time.monotonic() < until and is_ours(pid):
            time.sleep(0.02)


def _own_paths() -> list[str]:
    """Where our plug-ins may lie beside the installed packages: what this process was given by itself."""
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
