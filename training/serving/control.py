"""How node and service know each other: each proves that it holds the control key, which is never sent."""

import hashlib
import hmac

from msgspec import Struct

from studio.domain.ids import ModelId

PATH = "/control"
PROCESS_FILE = "process.json"  # pid and port of a service, for the node that finds it again
NONCE_HEADER = "x-nonce"
PROOF_HEADER = "x-proof"


class ArmState(Struct, frozen=True, forbid_unknown_fields=True):
    """What one arm did since the service started."""

    model: ModelId
    requests: int
    errors: int
    p50_ms: float


class ServiceState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a service says of itself to its node."""

    pid: int
    version: int  # of the table in force
    arms: tuple[ArmState, ...]
    problem: str = ""
    dropped: int = 0


def proof(control_key: bytes, side: str, nonce: str) -> str:
    """What `side` ("node" or "service") shows for `nonce`, and nobody without the key can make."""
    return hmac.new(control_key, f"{side} {nonce}".encode(), hashlib.sha256).hexdigest()


def is_proof(control_key: bytes, side: str, nonce: str, shown: str) -> bool:
    """Whether `shown` is the proof; in constant time. A nonce is at least 16 characters."""
    return len(nonce) >= 16 and hmac.compare_digest(proof(control_key, side, nonce).encode(), shown.encode())
