"""A real service process over tiny real models, started and asked as its node would."""

import hashlib
import io
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PIL import Image

from studio.domain import canonical
from studio.domain.ids import ModelId, ServiceId, new_id
from studio.domain.wire.releases import Answer
from tests.training.serving.tiny_model import write_model
from training.data.sealing import open_box
from training.serving import control
from training.serving.control import ServiceState
from training.serving.spool import SUFFIX, Asked
from training.serving.table import ArmsTable, ModelFile, TableArm, write_table

PREDICTOR = "plugins.image.predictor:open_detector"


def picture(width: int = 40, height: int = 30, kind: str = "PNG", *, white: bool = False) -> bytes:
    """A picture as somebody would post it."""
    noise = np.random.default_rng(0).integers(0, 180, (height, width, 3), dtype=np.uint8)
    if white:
        noise[:] = 255
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, kind)
    return buffer.getvalue()


class RealService:
    """One service folder and its process."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self.root = root
        self.id = ServiceId(new_id())
        self.key = Ed25519PrivateKey.generate()
        self.node = X25519PrivateKey.generate()
        self.token = secrets.token_urlsafe(32)
        self.control_key = os.urandom(32)
        self.version = 0
        self.models: dict[ModelId, str] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(timeout=20)
        folder.mkdir(parents=True)

    def model(self, class_name: str) -> ModelId:
        """A new model whose answers carry `class_name`."""
        model = ModelId(new_id())
        write_model(self.folder / "models" / model, class_name, fragile=class_name == "fragile")
        self.models[model] = class_name
        return model

    def table(self, *shares: tuple[ModelId, int], **fields: object) -> ArmsTable:
        """The next version of the table."""
        self.version += 1
        made = ArmsTable(
            self.id,
            "cells",
            self.version,
            tuple(
                TableArm(model, self.models[model], share, self.files(model), PREDICTOR)
                for model, share in shares
            ),
            b"s" * 32,
            self.control_key,
            (hashlib.sha256(self.token.encode()).digest(),),
            self.node.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
        )
        return msgspec.structs.replace(made, **fields)

    def files(self, model: ModelId) -> tuple[ModelFile, ...]:
        home = self.folder / "models" / model
        return tuple(
            ModelFile(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).digest())
            for path in sorted(home.iterdir())
        )

    def put(self, *shares: tuple[ModelId, int], **fields: object) -> None:
        """Put a table in force."""
        write_table(self.folder, self.table(*shares, **fields), self.key)

    def launched(self, port: int = 0) -> subprocess.Popen[bytes]:
        """A process on this folder, whether it will serve or not."""
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        command = [sys.executable, "-m", "training.serving.main", str(self.folder), self.id, public]
        return subprocess.Popen([*command, "--port", str(port)], cwd=self.root, start_new_session=True)

    def start(self, port: int = 0) -> None:
        (self.folder / "process.json").unlink(missing_ok=True)
        self.process = self.launched(port)
        self.wait_until(lambda: (self.folder / "process.json").exists() and self.health() == 200)

    def health(self) -> int:
        try:
            return self.http.get(f"{self.url}/health").status_code
        except httpx.TransportError:
            return 0

    @property
    def port(self) -> int:
        return int(json.loads((self.folder / "process.json").read_text())["port"])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, data: bytes, caller: str = "", **headers: str) -> httpx.Response:
        """Post one picture."""
        said = {"Authorization": f"Bearer {self.token}"} | ({"X-Caller": caller} if caller else {}) | headers
        return self.http.post(f"{self.url}/predict", content=data, headers=said)

    def answer(self, data: bytes, caller: str = "") -> Answer:
        response = self.ask(data, caller)
        assert response.status_code == 200, response.text
        return msgspec.json.decode(response.content, type=Answer)

    def state(self) -> ServiceState:
        nonce = secrets.token_hex(16)
        shown = control.proof(self.control_key, "node", nonce)
        headers = {control.NONCE_HEADER: nonce, control.PROOF_HEADER: shown}
        response = self.http.get(self.url + control.PATH, headers=headers)
        assert control.is_proof(self.control_key, "service", nonce, response.headers[control.PROOF_HEADER])
        return msgspec.json.decode(response.content, type=ServiceState)

    def asked(self) -> list[Asked]:
        """What the service kept for its node, opened with the node's key."""
        paths = sorted((self.folder / "spool").glob(f"*{SUFFIX}"))
        return [canonical.decode(open_box(self.node, path.read_bytes()), Asked) for path in paths]

    def wait_until(self, true: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not true():
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError((self.folder / "service.log").read_text())
            assert time.monotonic() < end, (self.folder / "service.log").read_text()
            time.sleep(0.02)

    def stop(self, how: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(30)
        self.process = None
        return code

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.http.close()
