"""What the Release page says of releases, services and suites. No Qt."""

from studio.domain.wire.releases import Arm, Release, Service, Suite
from studio.domain.wording import counted

RELEASE_STATES = {
    "evaluating": "Measured on the sealed suite now",
    "waiting": "Waits for a decision",
    "accepted": "Accepted",
    "refused": "Refused",
    "failed": "Failed",
}
SERVICE_STATES = {
    "starting": "starting",
    "answering": "answering",
    "stopped": "stopped",
    "failed": "failed",
}


def suite_line(suite: Suite) -> str:
    """A suite in one line; every look is counted."""
    held, looks = counted(suite.items, "item"), counted(suite.looks, "look")
    return f"{suite.name} · version {suite.version} · {held} · {looks}"


def release_line(release: Release) -> str:
    """A release in one line."""
    return f"{release.model_name} for {release.service}: {RELEASE_STATES[release.state]}"


def service_line(service: Service) -> str:
    """A service in one line, with where it answers."""
    return f"{service.name} · {SERVICE_STATES[service.state]}" + (f" · {service.url}" if service.url else "")


def arm_line(arm: Arm) -> str:
    """A model's part of a service's traffic."""
    speed = f", p50 {arm.p50_ms:.1f} ms" if arm.requests else ""
    errors = f", {counted(arm.errors, 'error')}" if arm.errors else ""
    return f"{arm.model_name}: {arm.share} % · {counted(arm.requests, 'request')}{speed}{errors}"


def shares_with(arms: tuple[Arm, ...], share_of_last: float) -> tuple[tuple[str, int], ...]:
    """Whole per cents that add up to 100: the newest arm gets its share, the others keep proportions."""
    newest = round(share_of_last * 100)
    others = arms[:-1]
    left = 100 - newest
    held = sum(arm.share for arm in others)
    weights = [arm.share if held else 1 for arm in others]
    # rounding the running sum, and not each part, keeps the total exact and no part negative
    edges = [round(left * sum(weights[:number]) / sum(weights)) for number in range(len(others) + 1)]
    pairs = [(str(arm.model), edges[n + 1] - edges[n]) for n, arm in enumerate(others)]
    return (*pairs, (str(arms[-1].model), newest))
