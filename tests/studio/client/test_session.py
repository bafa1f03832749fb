"""The client against a real node process: sign-in, documents, media, events, settings."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from studio.client import Client, Gap, OpenDocument, OwnNode, Session
from studio.domain.edit import change, creation
from studio.domain.entities import Box, Tag
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId, ProjectId, new_id
from studio.domain.wire import routes
from studio.domain.wire.documents import RevisionQuery
from studio.domain.wire.jobs import Event
from studio.domain.wire.projects import ItemQuery
from tests.studio.client.test_open_document import until


def _tag(text: str = "rain") -> Tag:
    return Tag(EntityId(new_id()), text)


def test_a_node_is_started_once_and_found_again(own_node: OwnNode) -> None:
    again = OwnNode.start(own_node.folder)
    assert own_node.started_here
    assert not again.started_here
    assert again.pid == own_node.pid
    assert again.address == own_node.address


def test_a_node_that_cannot_start_says_why_in_its_own_words(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.write_text("a file, not a folder")
    with pytest.raises(AtelierError) as refused:
        OwnNode.start(folder)
    assert refused.value.code == "node.not_started"


def test_nobody_answers_is_a_plain_sentence(tmp_path: Path) -> None:
    with pytest.raises(AtelierError) as refused:
        Client.connect(f"unix:{tmp_path}/no.sock")
    assert refused.value.code == "node.gone"
    assert "kept here" in refused.value.message


@pytest.mark.parametrize(
    "bad", ["", "node.sock", "ftp://x", "unix:", "http://far.example", "http://127.0.0.1:x"]
)
def test_what_is_no_address_is_refused(bad: str) -> None:
    with pytest.raises(AtelierError) as refused:
        Client.connect(bad)
    assert refused.value.code == "address.malformed"


def test_a_problem_document_comes_back_as_the_error_it_was(client: Client) -> None:
    with pytest.raises(AtelierError) as refused:
        client.call(routes.ITEM, item=new_id())
    assert refused.value.code == "access.missing"
    with pytest.raises(AtelierError) as wrong:
        client.own_sign_in("guessed")
    assert wrong.value.code.startswith("session.")


def test_signing_out_ends_the_session_at_once(own_node: OwnNode) -> None:
    client = Client.connect(own_node.address)
    client.own_sign_in(own_node.secret())
    token = client.token
    client.sign_out()
    assert client.user is None
    client.token = token
    with pytest.raises(AtelierError) as refused:
        client.call(routes.ME)
    assert refused.value.code.startswith("session.")
    client.close()


def test_an_edit_reaches_the_node_and_another_studio(
    desk: Callable[[], Session], items: list[ItemId]
) -> None:
    hers, his = desk(), desk()
    first, second = hers.open_document(items[0]), his.open_document(items[0])
    assert hers.open_document(items[0]) is first
    box = next(each for each in first.document if isinstance(each, Box))
    first.apply(change("Move", (box, replace(box, xyxy=(1.0, 2.0, 20.0, 21.0)))))
    assert first.flush()
    until(lambda: second.document == first.document)
    second.apply(change("Raise", (box, replace(box, order="z"))))
    until(lambda: first.document == second.document and second.work.is_saved)
    assert first.document.get(box.id) == replace(box, xyxy=(1.0, 2.0, 20.0, 21.0), order="z")
    history = hers.client.call(routes.REVISIONS, RevisionQuery(), item=items[0]).revisions
    assert [each.edit.title for each in history][-2:] == ["Move", "Raise"]


def test_undo_survives_a_restart_at_a_real_node(desk: Callable[[], Session], items: list[ItemId]) -> None:
    session = desk()
    document = session.open_document(items[1])
    before = document.document.entities
    document.apply(creation("Tag", _tag()))
    assert document.flush()
    session.close()
    again = desk().open_document(items[1])
    until(lambda: again.undo_titles == ("Tag",))
    again.undo()
    assert again.flush()
    assert again.document.entities == before


def test_what_a_studio_left_unsent_is_sent_by_the_next_without_opening_the_item(
    desk: Callable[[], Session], items: list[ItemId], own_node: OwnNode
) -> None:
    session = desk()
    document = session.open_document(items[2])
    before = document.revision
    token, session.client.token = session.client.token, "none"
    document.apply(creation("Tag", _tag("left")))
    assert session.journal.sync()
    until(lambda: document.work.connection == "sign_in")
    assert session.work.kept == session.work.unsaved == 1
    session.close(flush_s=0.0)
    session.client.token = token
    following = desk()
    until(lambda: following.work.is_saved and not following.journal.ledger)
    state = following.client.call(routes.DOCUMENT, item=items[2])
    assert state.revision == before + 1
    assert "left" in [each.class_name for each in state.entities if isinstance(each, Tag)]


def test_signing_in_again_goes_on_in_place(
    desk: Callable[[], Session], items: list[ItemId], own_node: OwnNode
) -> None:
    session = desk()
    document = session.open_document(items[0])
    session.client.call(routes.SIGN_OUT)
    document.apply(creation("Tag", _tag()))
    until(lambda: document.work.connection == "sign_in")
    session.client.own_sign_in(own_node.secret())
    assert document.flush()
    assert document.work.connection == "online"


def test_media_come_through_the_cache_and_are_sealed_there(
    desk: Callable[[], Session], items: list[ItemId], pictures: Path
) -> None:
    session = desk()
    item = session.client.call(routes.ITEM, item=items[0])
    stream = item.streams[0].id
    original = session.media(item.id, stream, 0, "original")
    assert original == (pictures / item.name.rpartition("/")[2]).read_bytes()
    session.client.token = "none"
    assert session.media(item.id, stream, 0, "original") == original, "the second time the node is not asked"
    with pytest.raises(AtelierError):
        session.media(item.id, stream, 0, "thumb")


def test_what_will_be_wanted_is_fetched_ahead(desk: Callable[[], Session], items: list[ItemId]) -> None:
    session = desk()
    streams = {key: session.client.call(routes.ITEM, item=key).streams[0].id for key in items}
    session.prefetch.want((key, stream, 0, "thumb") for key, stream in streams.items())
    until(lambda: all(session.cache.has("media", k, s, "0", "thumb") for k, s in streams.items()))


def test_a_document_fetched_ahead_opens_at_once_and_is_never_an_old_one(
    desk: Callable[[], Session], items: list[ItemId], monkeypatch: pytest.MonkeyPatch
) -> None:
    session, other = desk(), desk()
    until(lambda: session.events.state == "online")
    asked: list[str] = []
    real = session.client.call

    def counted(route: routes.Route[object, object], *arguments: object, **ids: str | int) -> object:
        asked.append(route.name)
        return real(route, *arguments, **ids)  # type: ignore[arg-type]

    monkeypatch.setattr(session.client, "call", counted)
    session.fetch_ahead(items[0])
    session.fetch_ahead(items[1])
    theirs = other.open_document(items[1])
    theirs.apply(creation("Tag", _tag("meanwhile")))
    assert theirs.flush()
    assert asked.count("document") == 2
    session.open_document(items[0])
    assert asked.count("document") == 2, "it was here already"
    late = session.open_document(items[1])
    until(lambda: late.document == theirs.document)


def test_events_are_heard_and_an_interruption_is_a_gap_or_nothing_missed(
    desk: Callable[[], Session], items: list[ItemId], project: ProjectId
) -> None:
    session, other = desk(), desk()
    heard: list[Event | Gap] = []
    session.events.listen(heard.append)
    until(lambda: session.events.state == "online")
    document = other.open_document(items[0])
    document.apply(creation("Tag", _tag()))
    assert document.flush()
    until(lambda: any(isinstance(e, Event) and e.kind == "document" for e in heard))
    event = next(each for each in heard if isinstance(each, Event) and each.kind == "document")
    assert (event.project, event.item, event.revision) == (project, items[0], document.revision)


def test_settings_follow_the_person(desk: Callable[[], Session]) -> None:
    session = desk()
    name = f"key/{new_id()}"
    assert session.setting(name, "none") == "none"
    session.keep_setting(name, "Ctrl+B")
    assert session.setting(name) == "Ctrl+B"
    session.close()
    assert desk().setting(name) == "Ctrl+B"


def test_the_key_file_of_an_own_node_is_the_persons_alone_and_said(desk: Callable[[], Session]) -> None:
    session = desk()
    assert session.keeper == "file", "the tests have no keyring"
    assert any("keyring" in warning for warning in session.warnings)
    key = Path(os.environ["XDG_CONFIG_HOME"]) / "atelier" / "studio.key"
    assert key.stat().st_mode & 0o777 == 0o600


def test_without_a_keyring_nothing_of_another_node_is_kept(client: Client, tmp_path: Path) -> None:
    with pytest.raises(AtelierError) as refused:
        Session.open(client, tmp_path)
    assert refused.value.code == "keyring.missing"
    with Session.open(client, tmp_path, passphrase="correct horse") as session:
        assert session.keeper == "passphrase"
    with pytest.raises(AtelierError) as wrong:
        Session.open(client, tmp_path, passphrase="wrong horse")
    assert wrong.value.code == "keyring.wrong_passphrase"


KILLED = """
import os, signal, sys
from pathlib import Path
from studio.client import Client, Session
from studio.domain.edit import creation
from studio.domain.entities import Tag
from studio.domain.ids import new_id
client = Client.connect(sys.argv[1])
client.own_sign_in(Path(sys.argv[2]).read_text())
session = Session.open(client, Path(sys.argv[3]), own_node=True)
document = session.open_document(sys.argv[4])
for number in range(30):
    document.apply(creation("Tag", Tag(new_id(), f"k{number}")))
    if number == 20:
        document.keep_draft("polygon", "Draw polygon", b"17 vertices")
        session.journal.sync()
        print("kept", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_studio_that_was_killed_loses_nothing_that_it_kept(
    desk: Callable[[], Session], items: list[ItemId], own_node: OwnNode, tmp_path: Path, root: Path
) -> None:
    process = subprocess.run(
        [
            sys.executable,
            "-c",
            KILLED,
            own_node.address,
            str(own_node.folder / "own.secret"),
            str(tmp_path / "state"),
            items[1],
        ],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr
    session = desk()
    document = session.open_document(items[1])
    assert document.flush()
    state = session.client.call(routes.DOCUMENT, item=items[1])
    tags = [each.class_name for each in state.entities if isinstance(each, Tag) and each.class_name[0] == "k"]
    assert sorted(tags) == sorted(f"k{number}" for number in range(21)), "each of them, and each once"
    assert [each.state for each in document.drafts] == [b"17 vertices"]
    assert document.conflicts == ()


def test_a_session_needs_somebody_signed_in(own_node: OwnNode, tmp_path: Path) -> None:
    client = Client.connect(own_node.address)
    with pytest.raises(AtelierError) as refused:
        Session.open(client, tmp_path)
    assert refused.value.code == "session.missing"
    client.close()


def test_a_machine_where_nothing_can_be_kept_is_said_plainly(client: Client, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(AtelierError) as refused:
        Session.open(client, tmp_path / "file", own_node=True)
    assert refused.value.code == "studio.no_place"


def test_items_are_found(client: Client, project: ProjectId) -> None:
    page = client.call(routes.ITEMS, ItemQuery(classes=("car",)), project=project)
    assert page.total == 3


@pytest.mark.slow
def test_an_item_seen_before_opens_without_the_node(
    tmp_path_factory: pytest.TempPathFactory, pictures: Path
) -> None:
    """A node of its own, since it is stopped."""
    folder = tmp_path_factory.mktemp("gone") / "w"
    node = OwnNode.start(folder, wait_s=120)
    client = Client.connect(node.address)
    client.own_sign_in(node.secret())
    item = _one_item(client, pictures, folder.parent)
    state = folder.parent / "state"
    with Session.open(client, state, own_node=True) as session:
        seen = session.open_document(item).document.entities
    other = Session.open(client, state, own_node=True)
    assert node.stop()
    document = other.open_document(item)
    assert document.document.entities == seen
    document.apply(creation("Tag", _tag("offline")))
    until(lambda: document.work.connection == "offline" and document.work.kept == 1)
    again = OwnNode.start(folder, wait_s=120)
    client.own_sign_in(again.secret())
    assert document.flush(40)
    _flushed(document)
    other.close()
    client.close()
    again.stop()


def _flushed(document: OpenDocument) -> None:
    assert document.conflicts == ()
    assert document.work.is_saved


def _one_item(client: Client, pictures: Path, notes: Path) -> ItemId:
    from studio.client import jobs, uploads
    from studio.domain.ontology import Ontology
    from studio.domain.wire.projects import NewProject

    project = client.call(routes.NEW_PROJECT, NewProject("p", Ontology())).id
    upload = uploads.Upload(client, project, pictures, format="pascal_voc", name="n", notes=notes)
    state = upload.run()
    assert state.job is not None
    jobs.report(client, state.job.id)
    return client.call(routes.ITEMS, ItemQuery(), project=project).rows[0].id
