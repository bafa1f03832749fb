"""The one door out: a reason, somebody else's decision, a record, and an archive that reads back the same."""

import io
import json
import re
import zipfile

import pyotp
import pytest

from studio.cli.convert import run as convert
from studio.domain import canonical
from studio.domain.entities import SCHEMA, Box, Track
from studio.domain.errors import AtelierError
from studio.domain.wire import WIRE_SCHEMA, routes
from studio.domain.wire.jobs import Decision, NewExport
from studio.domain.wire.routes import path_of
from studio.domain.wire.session import NewUser, SetRoles, SignIn
from studio.domain.wire.training import NewSnapshot
from tests.training.running import Person, answer_of
from tests.training.uploading import bring_in, items_of, new_project, voc_folder, wait_for

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
PASSWORD = "correct horse battery"


@pytest.fixture
def owner(node):
    return node.owner()


@pytest.fixture
def project(owner, tmp_path):
    project = new_project(owner)
    bring_in(owner, project, voc_folder(tmp_path / "voc", 6))
    return project


def fetched(person, project, request):
    path = path_of(routes.FETCH_EXPORT, project=project, request=request)
    return person.http.get(path, headers={"Authorization": f"Bearer {person.token}"})


def said(owner, project, item):
    """What is labelled, without the ids that every import makes afresh."""
    entities = owner.call(routes.DOCUMENT, item=item).entities
    classes = {each.id: each.class_name for each in entities if isinstance(each, Track)}
    return sorted((classes[each.track], each.xyxy) for each in entities if isinstance(each, Box))


def test_an_export_of_ones_own_node_reads_back_the_same(owner, project, tmp_path):
    snapshot = owner.call(routes.NEW_SNAPSHOT, NewSnapshot("s"), project=project)
    asked = NewExport("pascal_voc", "for the archive", snapshot.id, with_media=True)
    request = owner.call(routes.NEW_EXPORT, asked, project=project)
    assert request.state == "approved"
    wait_for(owner, owner.call(routes.JOB, job=request.job))
    done = owner.call(routes.AIRLOCK, project=project).requests[0]
    assert done.state == "done"
    answer = fetched(owner, project, request.id)
    assert answer.headers["content-length"] == str(len(answer.content))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path / "out")
    other = new_project(owner, "Again")
    report = bring_in(owner, other, tmp_path / "out")
    assert (report.items, report.shapes, report.problems) == (6, 12, ())
    first = {row.name.rpartition("/")[2]: row.id for row in items_of(owner, project).rows}
    again = {row.name.rpartition("/")[2]: row.id for row in items_of(owner, other).rows}
    assert first.keys() == again.keys()
    for name, item in first.items():
        assert said(owner, project, item) == said(owner, other, again[name])


def test_what_openlabel_carries_beyond_the_model_comes_back_from_the_node(owner, shared_data, tmp_path):
    """Import, node and export give what `atelier convert` gives, in the order that numbers point into."""
    source = shared_data / "export_openlabel"
    scenes = new_project(owner, "Scenes")
    bring_in(owner, scenes, source, "openlabel")
    request = owner.call(routes.NEW_EXPORT, NewExport("openlabel", "for the archive"), project=scenes)
    assert wait_for(owner, owner.call(routes.JOB, job=request.job)).state == "done"
    with zipfile.ZipFile(io.BytesIO(fetched(owner, scenes, request.id).content)) as archive:
        archive.extractall(tmp_path / "exported")
    assert convert([str(source), str(tmp_path / "converted"), "--to", "openlabel"]) == 0
    exported, converted = (
        {path.name: without_ids(path) for path in (tmp_path / side).rglob("*.json")}
        for side in ("exported", "converted")
    )
    assert len(exported) == 27
    assert exported == converted


def without_ids(path):
    """A file's content with ids numbered as they appear: every reading makes them afresh."""
    known = {}
    text = ID.sub(lambda found: known.setdefault(found[0], f"id {len(known)}"), path.read_text())
    return json.loads(text)


def test_nothing_leaves_without_a_reason_or_in_an_unknown_format(owner, project):
    for asked, code in (
        (NewExport("pascal_voc", "  "), "airlock.no_reason"),
        (NewExport("papyrus", "why not"), "export.unknown_format"),
        (NewExport("image_folder", "why not"), "export.unknown_format"),
    ):
        with pytest.raises(AtelierError) as caught:
            owner.call(routes.NEW_EXPORT, asked, project=project)
        assert caught.value.code == code


def test_what_waits_at_the_door_is_sealed(node, owner, project):
    request = owner.call(routes.NEW_EXPORT, NewExport("pascal_voc", "why"), project=project)
    wait_for(owner, owner.call(routes.JOB, job=request.job))
    waiting = [each for each in (node.folder / "exports").rglob("*") if each.is_file()]
    assert len(waiting) == 1
    assert waiting[0].read_bytes()[:2] != b"PK"
    assert b"Annotations" not in waiting[0].read_bytes()


def signed_in(node, owner, project, name, *roles):
    """Another person with these roles in the project."""
    made = owner.call(routes.NEW_USER, NewUser(name, name.title(), PASSWORD))
    owner.call(routes.SET_ROLES, SetRoles(roles), project=project, user=made.user.id)
    code = pyotp.parse_uri(made.totp_uri).now() if made.totp_uri else ""
    asked = SignIn(name, PASSWORD, code, wire=WIRE_SCHEMA, entities=SCHEMA)
    answer = node.http.post("/sessions", content=canonical.encode(asked))
    return Person(node.http, answer_of(answer, routes.SIGN_IN))


def test_somebody_else_decides_and_only_who_asked_may_fetch(node, owner, project):
    sam = signed_in(node, owner, project, "sam", "scientist", "reviewer")
    rita = signed_in(node, owner, project, "rita", "reviewer")
    asked = NewExport("pascal_voc", "for the paper")
    request = sam.call(routes.NEW_EXPORT, asked, project=project)
    assert request.state == "waiting"
    assert fetched(sam, project, request.id).status_code >= 400
    with pytest.raises(AtelierError) as caught:
        sam.call(routes.DECIDE_AIRLOCK, Decision(True), project=project, request=request.id)
    assert caught.value.code == "airlock.own_request"
    assert (
        rita.call(routes.DECIDE_AIRLOCK, Decision(True), project=project, request=request.id).state
        == "approved"
    )
    with pytest.raises(AtelierError) as caught:
        rita.call(routes.DECIDE_AIRLOCK, Decision(False), project=project, request=request.id)
    assert caught.value.code == "airlock.decided"
    job = sam.call(routes.AIRLOCK, project=project).requests[0].job
    wait_for(sam, sam.call(routes.JOB, job=job))
    assert fetched(rita, project, request.id).status_code == 403
    assert fetched(sam, project, request.id).status_code == 200
    refused = sam.call(routes.NEW_EXPORT, asked, project=project)
    assert (
        rita.call(routes.DECIDE_AIRLOCK, Decision(False), project=project, request=refused.id).state
        == "refused"
    )
    assert fetched(sam, project, refused.id).status_code >= 400
    actions = [each.action for each in owner.call(routes.AUDIT_PAGE, after=0).entries]
    assert actions.count("airlock.leave") == 1
    assert [each for each in actions if each.startswith("airlock.")] == [
        "airlock.ask",
        "airlock.approve",
        "airlock.ready",
        "airlock.leave",
        "airlock.ask",
        "airlock.refuse",
    ]
