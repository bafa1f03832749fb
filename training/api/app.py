"""The node's web application, made from the one table of routes and the handlers of each noun."""

import importlib
import json
import re
from contextlib import suppress
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ProjectId, new_id
from studio.domain.wire import routes
from studio.domain.wire.routes import Route
from studio.domain.wire.session import Empty
from training.api.call import Call, Handler, RawAnswer, Resolver
from training.api.problems import status_of
from training.log import LOG
from training.node import Node
from training.work import sessions, suites
from training.work.access import Session, missing, refused

# each holds HANDLERS (route name -> handler) and, where it owns ids, PROJECT_OF (name in braces -> resolver)
NOUNS = (
    "session",
    "people",
    "projects",
    "items",
    "media",
    "documents",
    "tasks",
    "jobs",
    "snapshots",
    "runs",
    "evaluation",
    "releases",
)

LARGEST_MESSAGE = 64 * 1024 * 1024
LARGEST_RAW = 8 * 1024 * 1024  # a chunk of an upload, a tile
LARGEST_OPEN = 64 * 1024  # from somebody who has not signed in
SMALL = 256 * 1024  # what is read before it is known who sends it
MEDIA_TYPE = "application/msgpack"

_READING = re.compile(r"/(query|matches|compare|log)$")  # asked with POST, and changing nothing
_MAKES_SESSION = ("sign_in", "own_sign_in", "sign_out")


def handlers() -> tuple[dict[str, Handler], dict[str, Resolver]]:
    """Every handler by the name of its route, and the resolver of every kind of id."""
    found: dict[str, Handler] = {}
    resolvers: dict[str, Resolver] = {}
    for noun in NOUNS:
        module = importlib.import_module(f"training.api.{noun}")
        found |= module.HANDLERS
        resolvers |= getattr(module, "PROJECT_OF", {})
    return found, resolvers


def make_app(node: Node) -> FastAPI:
    """The application of `node`: one endpoint for each route of the table."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    found, resolvers = handlers()
    # the router tries one after the other, so what every stroke of a hand asks for stands first
    for route in sorted(routes.ROUTES, key=lambda each: each is not routes.SAVE_EDIT):
        if route.name in found:
            endpoint = _Endpoint(node, route, found[route.name], resolvers)
            app.add_route(route.path, endpoint.answer, methods=[route.method], name=route.name)
    return app


class _Endpoint:
    """One route: access first, then the handler, then its answer as bytes."""

    def __init__(
        self, node: Node, route: Route[Any, Any], handler: Handler, resolvers: dict[str, Resolver]
    ) -> None:
        self._node = node
        self._route = route
        self._handler = handler
        names = re.findall(r"\{(\w+)\}", route.path)
        self._owner = names[0] if names and route.access == "project" else ""
        self._resolver = resolvers.get(self._owner)
        self._reads = route.method == "GET" or _READING.search(route.path) is not None
        self._limit = (
            LARGEST_OPEN if route.access == "open" else LARGEST_RAW if route.raw_request else LARGEST_MESSAGE
        )

    async def answer(self, request: Request) -> Response:
        """Answer one request; every error becomes a problem document."""
        try:
            if _is_small(request):
                # one visit to a worker thread: each costs a switch, which is much on a busy machine
                data = await _body(request, min(self._limit, SMALL))
                return await run_in_threadpool(self._whole, request, data)
            # who it is comes before the body, so that a stranger cannot make the node hold 64 MB
            place = await run_in_threadpool(self._allowed, request)
            data = await _body(request, self._limit)
            return await run_in_threadpool(self._handled, request, data, *place)
        except AtelierError as error:
            return problem(error)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:  # noqa: BLE001  the route's door: logged under an id, and nothing of it leaks
            fault = new_id()
            LOG.exception("fault %s in %s", fault, self._route.name)
            return problem(
                AtelierError(
                    "node.fault",
                    "The node made a mistake of its own. Nothing was changed; your work is kept here.",
                    detail=fault,
                    hint="Try again; the node's log tells more under this number.",
                )
            )

    def _whole(self, request: Request, data: bytes) -> Response:
        return self._handled(request, data, *self._allowed(request))

    def _handled(
        self, request: Request, data: bytes, session: Session | None, project: ProjectId | None
    ) -> Response:
        call = Call(
            ids=dict(request.path_params),
            body=self._decoded(data),
            session=session,
            node=self._node,
            project=project,
            headers=request.headers,
            query=request.query_params,
            peer=request.client.host if request.client else "",
        )
        return _encoded(self._handler(call))

    def _decoded(self, data: bytes) -> Any:
        if self._route.raw_request:
            return data
        if self._route.request is Empty and not data:
            return Empty()
        return canonical.decode(data, self._route.request)

    def _allowed(self, request: Request) -> tuple[Session | None, ProjectId | None]:
        route = self._route
        if route.access == "open":
            return None, None
        session = sessions.session_of(self._node, _token(request))
        if session.read_only and not self._reads and route.name not in _MAKES_SESSION:
            raise AtelierError(
                "session.read_only",
                "This studio and this node are of different versions, so you can look and not change.",
                hint="Update the studio.",
            )
        if route.access == "node_admin" and not session.admin:
            raise refused()
        if route.access != "project":
            return session, None
        project, is_hidden = self._place_of(request.path_params[self._owner], session)
        roles = session.roles_in(project) if project is not None else frozenset()
        if project is None or not roles:
            raise missing()
        if not roles & route.roles:
            raise refused()
        if is_hidden:
            raise suites.sealed()
        return session, project

    def _place_of(self, key: str, session: Session) -> tuple[ProjectId | None, bool]:
        """The project of what is asked for, and whether it is an item of a suite sealed to this person."""
        if self._resolver is None or len(key) > 64:
            return None, False
        with self._node.store.read() as tx:
            project = self._resolver(tx, key)
            is_item = self._owner == "item" and project is not None
            return project, is_item and suites.hidden_from(tx, ItemId(key), session)


def problem(error: AtelierError) -> Response:
    """`error` as an RFC 9457 problem document."""
    status = status_of(error.code)
    body = json.dumps(error.as_problem(status), ensure_ascii=False).encode("utf-8", "replace")
    headers = {"Retry-After": error.detail} if status == 429 and error.detail.isdigit() else None
    return Response(body, status, headers, "application/problem+json")


def _token(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _is_small(request: Request) -> bool:
    if "transfer-encoding" in request.headers:
        return False
    length = request.headers.get("content-length", "0")
    return length.isascii() and length.isdigit() and int(length) <= SMALL


async def _body(request: Request, limit: int) -> bytes:
    too_large = AtelierError(
        "wire.too_large",
        "The message was refused: it is larger than allowed here.",
        detail=f"limit {limit} bytes",
    )
    with suppress(ValueError):
        if int(request.headers.get("content-length", "0")) > limit:
            raise too_large
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise too_large
        parts.append(part)
    return b"".join(parts)


def _encoded(answer: Any) -> Response:
    if not isinstance(answer, RawAnswer):
        return Response(canonical.encode(answer), media_type=MEDIA_TYPE)
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, answer.headers, answer.media_type)
    return StreamingResponse(answer.body, answer.status, answer.headers, answer.media_type)
