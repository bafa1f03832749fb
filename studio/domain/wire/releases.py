"""Sealed suites, gates, releases, services and their traffic."""

from typing import Literal

from msgspec import Struct

from studio.domain.ids import ModelId, PoolId, ProjectId, ReleaseId, ServiceId, SuiteId
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.session import Message


class NewSuite(Message, frozen=True):
    """Seal the items of `query`: from now on they answer only with aggregates, and every look is counted."""

    name: str
    query: ItemQuery


class Suite(Message, frozen=True):
    id: SuiteId
    project: ProjectId
    name: str
    version: int
    items: int
    looks: int
    created_ns: int


class Suites(Message, frozen=True):
    suites: tuple[Suite, ...]


class NewRelease(Message, frozen=True):
    """Put a candidate before the gate: against what `service` runs now, on `suite`."""

    model: ModelId
    suite: SuiteId
    service: str  # its name; made when the first release is accepted


class GateResult(Struct, frozen=True, forbid_unknown_fields=True):
    """Candidate against the one in service, on the sealed suite; a paired bootstrap over items."""

    metric: str
    items: int
    candidate: float
    baseline: float | None  # None: nothing is in service yet
    difference: float
    low: float  # 95 % interval of the difference (or of the candidate's own figure)
    high: float
    passes: bool
    sentence: str


class Release(Message, frozen=True):
    id: ReleaseId
    project: ProjectId
    model: ModelId
    model_name: str
    suite: SuiteId
    service: str
    state: Literal["evaluating", "waiting", "accepted", "refused", "failed"]
    gate: GateResult | None = None
    asked_by: str = ""
    asked_ns: int = 0
    decided_by: str = ""
    decided_ns: int = 0
    note: str = ""
    error: str = ""


class Releases(Message, frozen=True):
    releases: tuple[Release, ...]


class Arm(Struct, frozen=True, forbid_unknown_fields=True):
    """A model's share of a service's traffic, in per cent."""

    model: ModelId
    model_name: str
    share: int
    requests: int = 0
    p50_ms: float = 0.0
    errors: int = 0


class Service(Message, frozen=True):
    id: ServiceId
    project: ProjectId
    name: str
    url: str
    state: Literal["starting", "answering", "stopped", "failed"]
    arms: tuple[Arm, ...]
    online_pool: PoolId | None = None
    can_roll_back: bool = False
    error: str = ""


class Services(Message, frozen=True):
    services: tuple[Service, ...]


class SetArms(Message, frozen=True):
    """New shares; whole per cents that add up to 100, models that were accepted for this service."""

    shares: tuple[tuple[ModelId, int], ...]


class ServiceToken(Message, frozen=True):
    token: str


class Detection(Struct, frozen=True, forbid_unknown_fields=True):
    class_name: str
    score: float
    xyxy: tuple[float, float, float, float]


class Answer(Message, frozen=True):
    """What a service answers, as JSON, to a picture posted to `/predict`."""

    model: ModelId
    request: str
    detections: tuple[Detection, ...]
    width: int
    height: int


class TryService(Message, frozen=True):
    """Ask a service from the studio: with an item's picture, or with one that is no item."""

    item: str = ""
    picture: bytes = b""
