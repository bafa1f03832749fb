"""What a service answers: pictures at `/predict`, its health at `/health`, its node at `/control`.

Bare ASGI, since each layer of a framework would cost a good part of the one millisecond that a service may
add to its model.
"""

import asyncio
import hashlib
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import msgspec

from studio.domain.contracts.training import Predictor
from studio.domain.errors import AtelierError
from studio.domain.ids import ModelId, new_id
from studio.domain.wire.releases import Answer, Detection
from training.serving import control
from training.serving.arms import Arms, InForce
from training.serving.pictures import decode_picture
from training.serving.split import arm_at, place_of
from training.serving.spool import Asked, Spool

LOG = logging.getLogger("atelier.service")
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_AT_ONCE = 64  # requests that wait or are answered; more are refused, each may hold a picture of 100 MP
_BODY_S = 30.0
_STATUS = {
    "service.token": 401,
    "service.unknown_path": 404,
    "service.busy": 503,
    "picture.too_large": 413,
    "picture.unreadable": 422,
    "service.model_failed": 500,
    "service.slow_sender": 408,
}


class Reply(NamedTuple):
    """An answer, its head, and what is kept of the request once it was sent."""

    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    asked: Asked | None = None


class ServiceApp:
    """The ASGI application over `arms` and `spool`."""

    def __init__(self, arms: Arms, spool: Spool) -> None:
        self._arms = arms
        self._spool = spool
        self._threads = ThreadPoolExecutor(max(2, os.cpu_count() or 2), "predict")
        self._inside = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            reply = await self._answer(scope, receive)
            try:
                await _send(send, 200, reply.body, reply.headers)
            finally:
                # only now: sealing it would hold the interpreter while the answer waits to leave
                if reply.asked is not None:
                    table = self._arms.now.table
                    self._spool.keep(reply.asked, table.node_key, table.spool_bytes)
        except AtelierError as error:
            status = _STATUS.get(error.code, 422)
            await _send(send, status, json.dumps(error.as_problem(status)).encode(), (_PROBLEM,))
        except Exception:  # the request's door: nothing of it leaks
            LOG.exception("a request failed")
            fault = AtelierError("service.model_failed", "The service made a mistake of its own. Try again.")
            await _send(send, 500, json.dumps(fault.as_problem(500)).encode(), (_PROBLEM,))

    async def _answer(self, scope: Message, receive: Receive) -> Reply:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        match scope["method"], scope["path"]:
            case "POST", "/predict":
                return await self._predicted(headers, receive)
            case "GET", "/health":
                return Reply(b'{"state":"answering"}', (_JSON,))
            case "GET", control.PATH:
                return self._state(headers)
        raise AtelierError(
            "service.unknown_path", "There is nothing here.", hint="Post a picture to /predict."
        )

    async def _predicted(self, headers: dict[bytes, bytes], receive: Receive) -> Reply:
        force = self._arms.now
        token = _token(headers)
        if token not in force.tokens:
            raise AtelierError(
                "service.token",
                "The request was refused: it carries no valid token.",
                hint="Send `Authorization: Bearer TOKEN`; a releaser makes tokens in Release.",
            )
        if self._inside >= _AT_ONCE:
            raise AtelierError(
                "service.busy",
                "The service is answering as many pictures as it can hold.",
                hint="Try again in a moment.",
            )
        self._inside += 1
        try:
            picture = await _body(receive, force.table.picture_bytes)
            caller = headers.get(b"x-caller", b"")[:256].decode("utf-8", "replace")
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._predict, force, token, caller, picture)
        finally:
            self._inside -= 1

    def _predict(self, force: InForce, token: bytes, caller: str, data: bytes) -> Reply:
        """The answer; its head says how long decoding and the model took of it."""
        started = time.perf_counter()
        picture, media_type = decode_picture(data, force.table.picture_pixels)
        place = place_of(force.table.split_key, token, caller)
        model, found = self._asked(force, arm_at(place, force.shares), picture)
        took_s = time.perf_counter() - started
        answer = Answer(
            model,
            new_id(),
            tuple(Detection(name, float(score), _rect(xyxy)) for name, score, xyxy in found),
            int(picture.shape[1]),
            int(picture.shape[0]),
        )
        group = f"{place_of(force.table.split_key, token, 'group ' + caller):.2f}" if caller else ""
        asked = Asked(data, media_type, answer, time.time_ns(), group)
        timing = (b"server-timing", f"model;dur={took_s * 1000:.3f}".encode())
        return Reply(msgspec.json.encode(answer), (_JSON, timing), asked)

    def _asked(self, force: InForce, first: int, picture: Any) -> tuple[ModelId, list[Any]]:
        """The answer of arm `first`; where its model fails, of the arm with the largest share beside it."""
        others = sorted(range(len(force.shares)), key=lambda index: -force.shares[index])
        for index in (first, *(other for other in others if other != first)):
            model = force.table.arms[index].model
            predictor: Predictor = force.models[model]
            started = time.perf_counter()
            try:
                found = predictor.predict([picture])[0]
            except Exception:  # a model's own fault; counted, and another arm answers
                self._arms.tallies[model].failed()
                LOG.exception("model %s failed on a request", model)
                continue
            self._arms.tallies[model].answered(time.perf_counter() - started)
            return model, found
        raise AtelierError(
            "service.model_failed",
            "No model of this service could answer the picture.",
            hint="Roll the service back in Release.",
        )

    def _state(self, headers: dict[bytes, bytes]) -> Reply:
        key = self._arms.now.table.control_key
        nonce = headers.get(control.NONCE_HEADER.encode(), b"").decode("latin-1")
        shown = headers.get(control.PROOF_HEADER.encode(), b"").decode("latin-1")
        if not control.is_proof(key, "node", nonce, shown):
            raise AtelierError("service.token", "The request was refused: it is not the node's.")
        state = control.ServiceState(
            os.getpid(),
            self._arms.now.table.version,
            tuple(
                control.ArmState(model, tally.requests, tally.errors, tally.p50_ms())
                for model, tally in self._arms.tallies.items()
            ),
            self._arms.problem,
            self._spool.dropped,
        )
        own = control.proof(key, "service", nonce).encode()
        return Reply(msgspec.json.encode(state), (_JSON, (control.PROOF_HEADER.encode(), own)))


_JSON = (b"content-type", b"application/json")
_PROBLEM = (b"content-type", b"application/problem+json")


def _token(headers: dict[bytes, bytes]) -> bytes:
    kind, _, token = headers.get(b"authorization", b"").partition(b" ")
    return hashlib.sha256(token.strip()).digest() if kind.lower() == b"bearer" else b""


async def _body(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise AtelierError("picture.unreadable", "The picture did not arrive whole.")
                part: bytes = message.get("body", b"")
                size += len(part)
                if size > limit:
                    raise AtelierError(
                        "picture.too_large",
                        f"The picture was refused: it is larger than {limit // 2**20} MB.",
                        hint="Send it smaller.",
                    )
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError as error:
        raise AtelierError("service.slow_sender", "The picture took too long to arrive.") from error


async def _send(send: Send, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


def _rect(xyxy: Any) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(value) for value in xyxy)
    return left, top, right, bottom
