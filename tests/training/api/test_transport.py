"""On a network the node speaks TLS 1.3 and nothing older."""

import datetime
import ipaddress
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from studio.domain.wire import routes
from tests.training.running import answer_of


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 for this test, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "node.crt", folder / "node.key"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


def test_a_node_on_an_address_speaks_tls_1_3_and_nothing_older(tmp_path: Path) -> None:
    crt, key = certificate(tmp_path)
    folder = tmp_path / "workspace"
    command = [sys.executable, "-m", "studio", "node", "--folder", str(folder), "--address", "127.0.0.1:0"]
    process = subprocess.Popen([*command, "--certificate", str(crt), "--key", str(key)])
    try:
        until = time.monotonic() + 60
        while not (folder / "node.json").exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        address = msgspec.json.decode((folder / "node.json").read_bytes())["address"]
        assert address.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=str(crt))
        with httpx.Client(verify=trusting) as http:
            assert answer_of(http.get(f"{address}/handshake"), routes.HANDSHAKE).product == "atelier"
        older = ssl.create_default_context(cafile=str(crt))
        older.maximum_version = ssl.TLSVersion.TLSv1_2
        with httpx.Client(verify=older) as http, pytest.raises(httpx.ConnectError):
            http.get(f"{address}/handshake")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
