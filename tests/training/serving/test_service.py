"""A real service process: what it answers, whom it refuses, and what it does when its files go bad."""

import shutil
import signal
import socket
import struct
import threading
import zlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from studio.domain.ids import ServiceId, new_id
from tests.training.serving.real_service import RealService, picture
from training.serving.table import write_table


def test_a_picture_is_answered_in_its_own_pixels(service: RealService) -> None:
    model = service.model("cell")
    service.put((model, 100))
    service.start()
    answer = service.answer(picture(40, 30))
    assert (answer.model, answer.width, answer.height) == (model, 40, 30)
    (found,) = answer.detections
    assert (found.class_name, found.xyxy) == ("cell", (0, 0, 40, 30))
    assert service.answer(picture(7, 9, "JPEG")).width == 7


def test_shares_are_kept_within_chance_and_a_caller_keeps_the_arm(service: RealService) -> None:
    old, new = service.model("old"), service.model("new")
    service.put((old, 80), (new, 20))
    service.start()
    callers = [f"press {index}" for index in range(400)]
    seen = {caller: service.answer(picture(), caller).model for caller in callers}
    # 20 % of 400 with a standard deviation of 8: five of them either way
    assert 40 <= sum(model == new for model in seen.values()) <= 120
    for caller in callers[:30]:
        assert service.answer(picture(), caller).model == seen[caller]
    state = service.state()
    assert sum(arm.requests for arm in state.arms) == 430


def test_a_larger_share_moves_nobody_back_to_the_old_model(service: RealService) -> None:
    old, new = service.model("old"), service.model("new")
    service.put((old, 90), (new, 10))
    service.start()
    callers = [f"press {index}" for index in range(60)]
    before = {caller: service.answer(picture(), caller).model for caller in callers}
    service.put((old, 40), (new, 60))
    service.wait_until(lambda: service.state().version == 2)
    after = {caller: service.answer(picture(), caller).model for caller in callers}
    assert all(after[caller] == new for caller in callers if before[caller] == new)
    assert sum(model == new for model in after.values()) > sum(model == new for model in before.values())


def test_no_header_lets_a_caller_choose_the_model(service: RealService) -> None:
    old, new = service.model("old"), service.model("new")
    service.put((old, 100), (new, 0))
    service.start()
    for headers in ({"X-Model": new}, {"X-Arm": new}, {"X-Caller": new}, {"Cookie": f"arm={new}"}):
        assert new not in service.ask(picture(), **headers).text
    assert service.http.post(f"{service.url}/predict/{new}", content=picture()).status_code == 404


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic x", "Bearer"])
def test_without_a_valid_token_nothing_is_answered(cells: RealService, header: str) -> None:
    response = cells.http.post(f"{cells.url}/predict", content=picture(), headers={"Authorization": header})
    assert response.status_code == 401
    assert response.json()["code"] == "service.token"


def test_a_stranger_learns_nothing_at_the_nodes_door(cells: RealService) -> None:
    response = cells.http.get(f"{cells.url}/control", headers={"x-nonce": "n" * 32, "x-proof": "0" * 64})
    assert response.status_code == 401
    assert "x-proof" not in response.headers


def _bomb() -> bytes:
    """A PNG whose header says 100,000 by 100,000 pixels."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (_bomb(), "picture.too_large"),
        (b"not a picture", "picture.unreadable"),
        (b"", "picture.unreadable"),
        (picture()[:200], "picture.unreadable"),
        (b"GIF89a" + bytes(40), "picture.unreadable"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "picture.unreadable"),
    ],
    ids=["bomb", "text", "empty", "cut off", "another kind", "half a head"],
)
def test_a_bad_picture_is_refused_in_words_and_the_next_is_answered(
    cells: RealService, data: bytes, code: str
) -> None:
    refused = cells.ask(data)
    assert refused.json()["code"] == code
    assert cells.ask(picture()).status_code == 200


def test_a_picture_of_too_many_bytes_is_refused(service: RealService) -> None:
    service.put((service.model("cell"), 100), picture_bytes=1000)
    service.start()
    assert service.ask(picture(200, 200)).status_code == 413


def test_what_was_asked_is_kept_for_the_node_and_for_nobody_else(service: RealService) -> None:
    model = service.model("cell")
    service.put((model, 100))
    service.start()
    sent = picture(33, 22)
    answer = service.answer(sent, "press 7")
    service.wait_until(lambda: len(service.asked()) == 1)
    (asked,) = service.asked()
    assert (asked.picture, asked.media_type, asked.answer) == (sent, "image/png", answer)
    assert asked.group != ""
    for path in (service.folder / "spool").iterdir():
        data = path.read_bytes()
        assert sent[:40] not in data
        assert b"press 7" not in data
        assert b"cell" not in data


def test_a_full_spool_drops_what_was_asked_and_answers_on(service: RealService) -> None:
    service.put((service.model("cell"), 100), spool_bytes=8_000)
    service.start()
    for _ in range(6):
        assert service.ask(picture()).status_code == 200
    service.wait_until(lambda: service.state().dropped >= 3)
    assert sum(path.stat().st_size for path in (service.folder / "spool").iterdir()) <= 8_000


def test_a_table_is_replaced_without_dropping_a_request(service: RealService) -> None:
    old, new = service.model("old"), service.model("new")
    service.put((old, 100))
    service.start()
    codes: list[int] = []
    done = threading.Event()

    def keep_asking() -> None:
        while not done.is_set():
            codes.append(service.ask(picture()).status_code)

    thread = threading.Thread(target=keep_asking)
    thread.start()
    for _ in range(3):
        service.put((old, 0), (new, 100))
        service.wait_until(lambda: service.state().version == service.version)
        service.put((old, 100))
        service.wait_until(lambda: service.state().version == service.version)
    done.set()
    thread.join()
    assert set(codes) == {200}


def _overwrite(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7] + b"garbage")


def test_a_corrupt_model_keeps_the_one_before_answering(service: RealService) -> None:
    old, new = service.model("old"), service.model("new")
    service.put((old, 100))
    service.start()
    table = service.table((new, 100))
    _overwrite(service.folder / "models" / new / "model.onnx")
    write_table(service.folder, table, service.key)
    service.wait_until(lambda: service.state().problem != "")
    assert "not the file that was released" in service.state().problem
    assert service.answer(picture()).model == old


def test_a_model_that_cannot_be_opened_or_is_missing_keeps_the_one_before(service: RealService) -> None:
    old, new = service.model("old"), service.model("new")
    service.put((old, 100))
    service.start()
    (service.folder / "models" / new / "model.onnx").write_bytes(b"no graph at all")
    service.put((new, 100))
    service.wait_until(lambda: service.state().problem != "")
    assert service.answer(picture()).model == old
    table = service.table((new, 100))
    shutil.rmtree(service.folder / "models" / new)
    write_table(service.folder, table, service.key)
    service.wait_until(lambda: "cannot be read" in service.state().problem)
    assert service.answer(picture()).model == old


@pytest.mark.parametrize("harm", ["signature", "another service", "cut off", "old version", "shares"])
def test_a_table_that_is_not_the_nodes_newest_changes_nothing(service: RealService, harm: str) -> None:
    old, new = service.model("old"), service.model("new")
    service.put((new, 100))
    kept = (service.folder / "table").read_bytes()
    service.put((old, 100))
    service.start()
    match harm:
        case "signature":
            write_table(service.folder, service.table((new, 100)), Ed25519PrivateKey.generate())
        case "another service":
            write_table(service.folder, service.table((new, 100), service=ServiceId(new_id())), service.key)
        case "cut off":
            (service.folder / "table").write_bytes(kept[:-20])
        case "old version":
            (service.folder / "table").write_bytes(kept)
        case "shares":
            service.put((new, 60))
    service.wait_until(lambda: service.state().problem != "")
    assert service.answer(picture()).model == old


def test_a_start_after_the_newest_table_went_bad_takes_the_last_good_one(service: RealService) -> None:
    old = service.model("old")
    service.put((old, 100))
    service.start()
    assert service.stop() == 0
    (service.folder / "table").write_bytes(b"half a tab")
    service.start()
    assert service.answer(picture()).model == old
    assert service.state().problem != ""


def test_a_model_that_fails_on_a_picture_is_counted_and_another_answers(service: RealService) -> None:
    fragile, old = service.model("fragile"), service.model("old")
    service.put((fragile, 100), (old, 0))
    service.start()
    assert service.answer(picture(white=True)).model == old
    errors = {arm.model: arm.errors for arm in service.state().arms}
    assert errors == {fragile: 1, old: 0}


def test_a_taken_port_gives_another(service: RealService) -> None:
    service.put((service.model("cell"), 100))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service.start(port)
        assert service.port != port
        assert service.ask(picture()).status_code == 200


def test_it_starts_again_after_kill_9_and_answers_as_before(service: RealService) -> None:
    model = service.model("cell")
    service.put((model, 100))
    service.start()
    port = service.port
    service.stop(signal.SIGKILL)
    service.start(port)
    assert service.port == port
    assert service.answer(picture()).model == model


def test_two_processes_never_serve_one_folder(service: RealService) -> None:
    service.put((service.model("cell"), 100))
    service.start()
    second = service.launched()
    assert second.wait(20) == 3
    assert service.ask(picture()).status_code == 200


def test_the_service_loads_neither_torch_nor_the_nodes_database(cells: RealService) -> None:
    assert cells.ask(picture()).status_code == 200
    assert cells.process is not None
    maps = Path(f"/proc/{cells.process.pid}/maps").read_text()
    for library in ("libtorch", "sqlite3", "open3d", "PySide6"):
        assert library not in maps
