"""A node cannot forget what a studio has seen of its audit log."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from studio.client import Session
from studio.client.witness import signed_part, witness
from studio.domain.wire.session import Checkpoint

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def signed(size: int, head: bytes) -> Checkpoint:
    made = Checkpoint(size, head, 1, b"")
    return replace(made, signature=KEY.sign(signed_part(made)))


def test_a_log_that_grows_is_no_news(tmp_path: Path) -> None:
    for size in (1, 1, 5):
        assert witness(tmp_path / "witness", signed(size, b"head %d" % size), PUBLIC) is None


@pytest.mark.parametrize("later", [signed(4, b"head 4"), signed(5, b"another 5"), signed(0, b"")])
def test_a_log_that_became_shorter_or_another_is_named_each_time(tmp_path: Path, later: Checkpoint) -> None:
    path = tmp_path / "witness"
    assert witness(path, signed(5, b"head 5"), PUBLIC) is None
    for _ in range(2):
        wrong = witness(path, later, PUBLIC)
        assert wrong is not None
        assert wrong.code == "audit.rolled_back"


def test_a_head_that_the_node_did_not_sign_is_named(tmp_path: Path) -> None:
    for wrong_one in (replace(signed(5, b"h"), size=6), replace(signed(5, b"h"), signature=b"")):
        wrong = witness(tmp_path / "witness", wrong_one, PUBLIC)
        assert wrong is not None
        assert wrong.code == "audit.unsigned"


def test_a_real_nodes_log_is_signed_as_a_studio_expects(desk: Callable[[], Session], tmp_path: Path) -> None:
    desk().close()
    assert not any("audit" in warning for warning in desk().warnings)
    (seen,) = (tmp_path / "state").glob("*/witness")
    assert seen.stat().st_size > 64
