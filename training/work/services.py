"""Services: which models answer whom. A table of arms is never changed; the next one takes its place."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Literal

import msgspec

from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ModelId, ProjectId, ServiceId, UserId, new_id
from studio.domain.wire.releases import (
    Answer,
    Arm,
    Service,
    ServiceToken,
    SetArms,
    TryService,
)
from training.serving.control import ServiceState
from training.store import models, releases
from training.store import services as rows
from training.store.engine import Transaction
from training.store.items import StoredItem
from training.store.services import ArmsRow, Shares, StoredService
from training.work import audit, pools, reading, suites
from training.work.access import Session, missing
from training.work.seeing import picture_of
from training.work.service_tables import hash_of, new_secrets, own_token, secrets_of, shares_of

if TYPE_CHECKING:
    from training.node import Node

MOST_ERRORS = 5  # requests that a model may fail on, where it does not answer as many, before it is left
FIRST_SHARE = 10  # per cent of a candidate beside a model that is in service
_NAME = re.compile(r"[\w][\w .-]{0,59}")


def check_name(name: str) -> str:
    """`name` as services are called. Raises `service.name`."""
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise AtelierError(
            "service.name",
            "A service's name holds letters, digits, spaces and - _ . alone, at most 60.",
            hint="Choose another name.",
        )
    return name


def of_project(node: Node, project: ProjectId) -> tuple[Service, ...]:
    """A project's services as they are now."""
    with node.store.read() as tx:
        return tuple(_view(node, tx, stored) for stored in rows.several(tx, project))


def get(node: Node, service: str) -> Service:
    """One service as it is now."""
    with node.store.read() as tx:
        return _view(node, tx, _known(tx, service))


def promote(
    node: Node, tx: Transaction, project: ProjectId, name: str, model: ModelId, user: UserId
) -> ServiceId:
    """Give an accepted model its first share: all of a new service, `FIRST_SHARE` of one that answers.

    Who is in service already keeps the rest, so the new model is watched before it takes over.
    """
    stored = rows.by_name(tx, project, name)
    if stored is None:
        stored = _made(node, tx, project, name)
    shares = _with_candidate(shares_of(tx, stored), model)
    _put(node, tx, stored, shares, stored.arms_version, "release", user)
    rows.set_fields(tx, stored.id, wanted=True)
    return stored.id


def set_arms(node: Node, service: str, asked: SetArms, who: Session) -> Service:
    """Put new shares in force. Raises `service.shares`."""
    with node.store.write() as tx:
        stored = _known(tx, service)
        _check_shares(tx, stored, asked.shares)
        _put(node, tx, stored, asked.shares, stored.arms_version, "shares", who.user)
    node.services.bring_up(stored.id)
    return get(node, service)


def roll_back(node: Node, service: str, who: Session) -> Service:
    """Put the table before the one in force in force again. Raises `service.no_way_back`."""
    with node.store.write() as tx:
        stored = _known(tx, service)
        now = rows.arms(tx, stored.id, stored.arms_version)
        earlier = rows.arms(tx, stored.id, now.before) if now else None
        if earlier is None:
            raise AtelierError(
                "service.no_way_back",
                "There is nothing to roll back to: this is the service's first table.",
                hint="Stop the service, or set the shares.",
            )
        # to roll back once more goes one further back, not forth again
        _put(node, tx, stored, earlier.shares, earlier.before, "roll_back", who.user)
    node.services.bring_up(stored.id)
    return get(node, service)


def retreat(node: Node, service: ServiceId, state: ServiceState) -> str:
    """Go back by itself from a model that cannot answer; says so in a sentence, empty where all is well.

    Its requests were answered by another arm meanwhile. What cannot be left, a first table, is kept.
    """
    failing = {arm.model for arm in state.arms if arm.errors >= MOST_ERRORS and arm.errors >= arm.requests}
    if not failing:
        return ""
    with node.store.write() as tx:
        stored = _known(tx, service)
        now = rows.arms(tx, service, stored.arms_version)
        earlier = rows.arms(tx, service, now.before) if now else None
        if now is None or earlier is None or not any(each in failing and share for each, share in now.shares):
            return ""
        _put(node, tx, stored, earlier.shares, earlier.before, "retreat", audit.NODE)
        names = sorted(held.name for model in failing if (held := models.get(tx, model)))
    return f"{', '.join(names)} could not answer requests, so the service went back to the models before."


def want(node: Node, service: str, wanted: bool, who: Session) -> Service:
    """Have a service answer, or not."""
    with node.store.write() as tx:
        stored = _known(tx, service)
        rows.set_fields(tx, stored.id, wanted=wanted)
        audit.append(node, tx, who.user, "service.start" if wanted else "service.stop", stored.id)
        tx.emit("service", stored.project, subject=stored.id)
    node.services.bring_up(stored.id)
    return get(node, service)


def new_token(node: Node, service: str, who: Session) -> ServiceToken:
    """A token that may ask; it is said once and kept as its hash."""
    token = secrets.token_urlsafe(32)
    with node.store.write() as tx:
        stored = _known(tx, service)
        rows.add_token(tx, stored.id, hash_of(token), who.user, node.clock.now_ns())
        audit.append(node, tx, who.user, "service.token", stored.id)
    node.services.bring_up(stored.id)
    return ServiceToken(token)


def try_out(node: Node, service: str, asked: TryService, who: Session) -> Answer:
    """Ask a service with a picture, or an item's, as anybody else would. Raises `service.silent`,
    `service.nothing_to_ask`, and what the service refuses with.

    It comes back as online data too. A snapshot keeps an item and what it was asked with on one side, since
    their content is the same.
    """
    with node.store.read() as tx:
        stored = _known(tx, service)
        item = _askable(tx, stored.project, asked.item, who) if asked.item else None
    picture = picture_of(node, item) if item is not None else asked.picture
    if picture == b"":
        raise AtelierError(
            "service.nothing_to_ask",
            "The service was not asked: there is no picture.",
            hint="Choose an item, or a file.",
        )
    watched = node.services.of(stored.id)
    if picture is None or watched is None or not watched.process.port:
        raise AtelierError(
            "service.silent",
            "The service does not answer now, or the item has no picture.",
            hint="Start the service in Release and try again.",
        )
    token = own_token(secrets_of(node, stored))
    return msgspec.json.decode(watched.process.ask(picture, token, who.user), type=Answer)


def _askable(tx: Transaction, project: ProjectId, item: str, who: Session) -> StoredItem:
    found = reading.live_item(tx, ItemId(item))
    if found.project != project:
        raise missing()
    suites.check_open(tx, found.id, who)
    return found


def in_service(tx: Transaction, project: ProjectId, name: str) -> ModelId | None:
    """The model with the largest share of a service; None where there is no such service."""
    stored = rows.by_name(tx, project, name)
    shares = shares_of(tx, stored) if stored else ()
    return max(shares, key=lambda each: each[1])[0] if shares else None


def _made(node: Node, tx: Transaction, project: ProjectId, name: str) -> StoredService:
    service = ServiceId(new_id())
    stored = StoredService(
        id=service,
        project=project,
        name=name,
        created_ns=node.clock.now_ns(),
        wanted=True,
        port=0,
        pool=pools.ensure(node, tx, project, "online").id,
        arms_version=0,
        file_version=0,
        secrets=new_secrets(node, tx, project, service),
    )
    rows.add(tx, stored)
    return stored


def _put(
    node: Node, tx: Transaction, stored: StoredService, shares: Shares, before: int, why: str, user: UserId
) -> None:
    newest = rows.history(tx, stored.id)
    version = newest[0].version + 1 if newest else 1
    rows.put_arms(tx, ArmsRow(stored.id, version, before, shares, why, user, node.clock.now_ns()))
    audit.append(node, tx, user, f"service.{why}", f"{stored.id} {version}", canonical.digest(shares))
    tx.emit("service", stored.project, subject=stored.id)
    tx.after_commit(node.services.changed)


def _with_candidate(shares: Shares, model: ModelId) -> Shares:
    if not shares:
        return ((model, 100),)
    if any(held == model for held, _ in shares):
        return shares
    largest = max(range(len(shares)), key=lambda index: shares[index][1])
    kept = tuple(
        (held, share - FIRST_SHARE if index == largest else share)
        for index, (held, share) in enumerate(shares)
    )
    return (*kept, (model, FIRST_SHARE))


def _check_shares(tx: Transaction, stored: StoredService, shares: Shares) -> None:
    accepted = releases.accepted_models(tx, stored.project, stored.name)
    named = [model for model, _ in shares]
    whole = all(0 <= share <= 100 for _, share in shares) and sum(share for _, share in shares) == 100
    if not whole or len(set(named)) != len(named) or not set(named) <= accepted:
        raise AtelierError(
            "service.shares",
            "The shares were not changed: they must be whole per cents that add up to 100, of models that "
            "were accepted for this service.",
            hint="Release the model for this service first.",
        )


def _view(node: Node, tx: Transaction, stored: StoredService) -> Service:
    table = rows.arms(tx, stored.id, stored.arms_version)
    watched = node.services.of(stored.id) if node.services else None
    state = watched.state if watched else None
    told = {each.model: each for each in state.arms} if state else {}
    names = {model: held.name for model, _ in shares_of(tx, stored) if (held := models.get(tx, model))}
    arms = tuple(
        Arm(
            model,
            names.get(model, ""),
            share,
            told[model].requests if model in told else 0,
            told[model].p50_ms if model in told else 0.0,
            told[model].errors if model in told else 0,
        )
        for model, share in (table.shares if table else ())
    )
    error = (watched.error if watched else "") or (state.problem if state else "")
    error = error or (watched.notice if watched else "")
    return Service(
        id=stored.id,
        project=stored.project,
        name=stored.name,
        url=f"http://127.0.0.1:{stored.port}/predict" if stored.port else "",
        state=_state(stored, state is not None, bool(watched and watched.error)),
        arms=arms,
        online_pool=stored.pool,
        can_roll_back=bool(table and table.before),
        error=error,
    )


def _state(
    stored: StoredService, answers: bool, has_failed: bool
) -> Literal["starting", "answering", "stopped", "failed"]:
    if not stored.wanted:
        return "stopped"
    if answers:
        return "answering"
    return "failed" if has_failed else "starting"


def _known(tx: Transaction, service: str) -> StoredService:
    stored = rows.get(tx, service)
    if stored is None:
        raise missing()
    return stored
