"""Where the key of what lies on this machine is kept, and where it never is."""

from pathlib import Path

import keyring
import pytest
from keyring.errors import KeyringLocked

from studio.client.device_key import device_key
from studio.client.sealing import Seal, derived, name_for
from studio.domain.errors import AtelierError


class Ring:
    """A keyring in memory that can be locked. No subclass of keyring's own: those register themselves."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("locked")
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Ring:
    made = Ring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: made)
    return made


def test_a_key_is_made_once_and_kept_in_the_keyring(ring: Ring, tmp_path: Path) -> None:
    first = device_key(folder=tmp_path)
    assert first.keeper == "keyring"
    assert not first.warning
    assert device_key(folder=tmp_path) == first
    assert list(tmp_path.iterdir()) == []


def test_a_locked_keyring_asks_for_a_passphrase_and_makes_no_second_key_in_the_open(
    ring: Ring, tmp_path: Path
) -> None:
    ring.locked = True
    with pytest.raises(AtelierError) as missing:
        device_key(folder=tmp_path)
    assert missing.value.code == "keyring.missing"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("home", ["keyrings.alt.file", "keyring.backends.fail", "keyring.backends.null"])
def test_a_keyring_that_keeps_secrets_in_the_open_is_none(
    ring: Ring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setattr(Ring, "__module__", home)
    with pytest.raises(AtelierError) as missing:
        device_key(folder=tmp_path)
    assert missing.value.code == "keyring.missing"
    assert ring.held == {}


def test_a_key_file_that_others_can_read_is_closed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.client.device_key.safe_keyring", lambda: None)
    first = device_key(own_node=True, folder=tmp_path)
    assert "keyring" in first.warning
    path = tmp_path / "studio.key"
    path.chmod(0o644)
    assert device_key(own_node=True, folder=tmp_path).key == first.key
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_passphrase_opens_the_same_key_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.client.device_key.safe_keyring", lambda: None)
    first = device_key(passphrase="correct horse", folder=tmp_path)
    assert device_key(passphrase="correct horse", folder=tmp_path) == first
    assert first.key not in b"".join(each.read_bytes() for each in tmp_path.iterdir())
    with pytest.raises(AtelierError) as wrong:
        device_key(passphrase="battery staple", folder=tmp_path)
    assert wrong.value.code == "keyring.wrong_passphrase"


def test_keys_and_names_for_different_purposes_are_different() -> None:
    key = bytes(32)
    assert len({derived(key, "journal", "n"), derived(key, "cache", "n"), derived(key, "journal", "m")}) == 3
    assert name_for(key, "a", "bc") != name_for(key, "ab", "c")


def test_what_is_sealed_opens_only_under_its_name_and_key() -> None:
    sealed = Seal(bytes(32)).close(b"data", b"name")
    assert Seal(bytes(32)).open(sealed, b"name") == b"data"
    assert Seal(bytes(32)).open(sealed, b"other") is None
    assert Seal(bytes([1] * 32)).open(sealed, b"name") is None
    assert Seal(bytes(32)).open(b"", b"name") is None
