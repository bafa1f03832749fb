"""The table of arms as a service takes it: what the database says is in force, with keys and files."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from studio.domain import canonical
from studio.domain.ids import ProjectId, ServiceId
from training.releases.model_files import served_files
from training.serving.table import ArmsTable, TableArm
from training.store import models
from training.store import services as rows
from training.store.engine import Transaction
from training.store.services import Shares, StoredService
from training.work.access import missing
from training.work.predictors import predictor_of

if TYPE_CHECKING:
    from training.node import Node


class Secrets(Struct, frozen=True):
    """What splits the callers, and by which node and service know each other."""

    split_key: bytes
    control_key: bytes


def new_secrets(node: Node, tx: Transaction, project: ProjectId, service: ServiceId) -> bytes:
    """Keys for a new service, sealed."""
    sealer = node.keys.project_sealer(tx, project)
    return sealer.seal(canonical.encode(Secrets(os.urandom(32), os.urandom(32))), _aad(service))


def table_in_force(node: Node, stored: StoredService, folder: Path) -> ArmsTable:
    """The table that the database says is in force, with its models' files in `folder`."""
    with node.store.read() as tx:
        shares = shares_of(tx, stored)
        tokens = tuple(rows.tokens(tx, stored.id))
        known = {model: models.get(tx, model) for model, _ in shares}
    keys = secrets_of(node, stored)
    arms: list[TableArm] = []
    for model, share in shares:
        held = known[model]
        if held is None:
            raise missing()
        files = served_files(node, model, folder)
        arms.append(TableArm(model, held.name, share, files, predictor_of(held)))
    return ArmsTable(
        service=stored.id,
        name=stored.name,
        version=stored.file_version,
        arms=tuple(arms),
        split_key=keys.split_key,
        control_key=keys.control_key,
        tokens=(*tokens, hash_of(own_token(keys))),
        node_key=node.keys.public_key,
    )


def secrets_of(node: Node, stored: StoredService) -> Secrets:
    """The service's keys."""
    with node.store.read() as tx:
        sealer = node.keys.project_sealer(tx, stored.project)
    return canonical.decode_lenient(sealer.open(stored.secrets, _aad(stored.id)), Secrets)


def shares_of(tx: Transaction, stored: StoredService) -> Shares:
    """The shares in force; none of a service that is new."""
    table = rows.arms(tx, stored.id, stored.arms_version)
    return table.shares if table else ()


def own_token(keys: Secrets) -> str:
    """The token by which the node itself asks a service."""
    return hmac.new(keys.control_key, b"the node's own token", hashlib.sha256).hexdigest()


def hash_of(token: str) -> bytes:
    """What of a token a service knows."""
    return hashlib.sha256(token.encode()).digest()


def _aad(service: ServiceId) -> bytes:
    return f"service {service}".encode()
