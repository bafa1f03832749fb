"""Routes of sealed suites, releases and services."""

from studio.domain.ids import ProjectId
from studio.domain.wire.jobs import Decision
from studio.domain.wire.releases import (
    Answer,
    NewRelease,
    NewSuite,
    Release,
    Releases,
    Service,
    Services,
    ServiceToken,
    SetArms,
    Suite,
    Suites,
    TryService,
)
from studio.domain.wire.session import Empty
from training.api.call import Call, Handler, Resolver
from training.store import releases as release_rows
from training.store import services as service_rows
from training.work import releases, services, suites


def _project(call: Call[object]) -> ProjectId:
    assert call.project is not None
    return call.project


def list_suites(call: Call[Empty]) -> Suites:
    """A project's sealed suites."""
    return Suites(suites.of_project(call.node, _project(call)))


def new_suite(call: Call[NewSuite]) -> Suite:
    """Seal items."""
    return suites.create(call.node, _project(call), call.body, call.who)


def list_releases(call: Call[Empty]) -> Releases:
    """A project's releases, the newest first."""
    return Releases(releases.of_project(call.node, _project(call)))


def new_release(call: Call[NewRelease]) -> Release:
    """Put a candidate before the gate."""
    return releases.new(call.node, _project(call), call.body, call.who)


def one_release(call: Call[Empty]) -> Release:
    """One release."""
    return releases.get(call.node, call.ids["release"])


def decide_release(call: Call[Decision]) -> Release:
    """Accept or refuse."""
    return releases.decide(call.node, call.ids["release"], call.body, call.who)


def list_services(call: Call[Empty]) -> Services:
    """A project's services."""
    return Services(services.of_project(call.node, _project(call)))


def set_arms(call: Call[SetArms]) -> Service:
    """Put new shares in force."""
    return services.set_arms(call.node, call.ids["service"], call.body, call.who)


def roll_back(call: Call[Empty]) -> Service:
    """Go back to the table before."""
    return services.roll_back(call.node, call.ids["service"], call.who)


def stop_service(call: Call[Empty]) -> Service:
    """Have a service answer no more."""
    return services.want(call.node, call.ids["service"], False, call.who)


def start_service(call: Call[Empty]) -> Service:
    """Have a service answer again."""
    return services.want(call.node, call.ids["service"], True, call.who)


def service_token(call: Call[Empty]) -> ServiceToken:
    """A token that may ask."""
    return services.new_token(call.node, call.ids["service"], call.who)


def try_service(call: Call[TryService]) -> Answer:
    """Ask a service with an item's picture."""
    return services.try_out(call.node, call.ids["service"], call.body, call.who)


HANDLERS: dict[str, Handler] = {
    "suites": list_suites,
    "new_suite": new_suite,
    "releases": list_releases,
    "new_release": new_release,
    "release": one_release,
    "decide_release": decide_release,
    "services": list_services,
    "set_arms": set_arms,
    "roll_back": roll_back,
    "stop_service": stop_service,
    "start_service": start_service,
    "service_token": service_token,
    "try_service": try_service,
}
PROJECT_OF: dict[str, Resolver] = {
    "release": release_rows.project_of,
    "service": service_rows.project_of,
}
