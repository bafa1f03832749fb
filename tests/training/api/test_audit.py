"""Whatever changes something leaves an entry in the audit log; whatever only looks leaves none."""

import tempfile
from pathlib import Path
from typing import Any

import pyotp
from msgspec.structs import replace

from studio.domain.ids import BatchId, OperationId, new_id
from studio.domain.wire import routes
from studio.domain.wire.documents import Draft, RevertBatch, RevisionQuery
from studio.domain.wire.people import NewTasks, PullNext, TaskNote, TaskQuery
from studio.domain.wire.projects import ItemQuery, NewProject, OntologyVersion
from studio.domain.wire.routes import Route
from studio.domain.wire.session import ChangePassword, NewUser, SetRoles, Settings
from tests.training.running import Person, running_node
from tests.training.workspace import ONTOLOGY, PASSWORD, draw, furnished, sign_in


def test_every_change_leaves_an_entry_and_no_look_does() -> None:
    with tempfile.TemporaryDirectory(prefix="atelier-n-") as name:
        folder = Path(name) / "workspace"
        workspace = furnished(folder, 2, ("ann", "rita"))
        with running_node(folder) as node:
            owner = node.owner()
            ann, rita = (sign_in(node, workspace, each) for each in ("ann", "rita"))

            def size() -> int:
                return owner.call(routes.CHECKPOINT).size

            def changes(person: Person, route: Route[Any, Any], body: object = None, **ids: str) -> Any:
                before = size()
                answer = person.call(route, body, **ids)
                assert size() > before, f"{route.name} left no entry"
                return answer

            project, item = workspace.project, workspace.items[0]
            changes(owner, routes.NEW_PROJECT, NewProject("Another", ONTOLOGY))
            changes(owner, routes.NEW_ONTOLOGY, OntologyVersion(ONTOLOGY), project=project)
            made = changes(owner, routes.NEW_USER, NewUser("new", "New", PASSWORD))
            user = made.user.id
            assert pyotp.parse_uri(made.totp_uri).name == "new"
            changes(owner, routes.SET_ROLES, SetRoles(("annotator",)), project=project, user=user)
            changes(owner, routes.DISABLE_USER, user=user)
            changes(ann, routes.KEEP_SETTINGS, Settings((("theme", "dark"),)))
            changes(ann, routes.CHANGE_PASSWORD, ChangePassword(PASSWORD, PASSWORD + "!"))
            lease = changes(ann, routes.LEASE, item=workspace.items[1])
            save = draw(fence=lease.fence)
            batch = BatchId(new_id())
            changes(ann, routes.SAVE_EDIT, replace(save, batch=batch), item=workspace.items[1])
            draft = Draft(OperationId(new_id()), item, "polygon", "Draw", 1, b"")
            changes(ann, routes.KEEP_DRAFT, draft, item=item, draft=draft.id)
            changes(ann, routes.DROP_DRAFT, item=item, draft=draft.id)
            changes(ann, routes.END_LEASE, item=workspace.items[1])
            changes(owner, routes.REVERT_BATCH, RevertBatch(batch), project=project)
            changes(owner, routes.NEW_TASKS, NewTasks(ItemQuery()), project=project)
            pulled = changes(ann, routes.PULL_NEXT, PullNext(), project=project)
            task = pulled.task.id
            changes(ann, routes.NOTE_TASK, TaskNote("?"), task=task)
            changes(ann, routes.SUBMIT_TASK, TaskNote(), task=task)
            changes(ann, routes.TAKE_BACK_TASK, task=task)
            changes(ann, routes.SUBMIT_TASK, TaskNote(), task=task)
            changes(rita, routes.OPEN_REVIEW, task=task)
            changes(rita, routes.RETURN_TASK, TaskNote("again"), task=task)
            changes(ann, routes.PULL_NEXT, PullNext(), project=project)
            changes(ann, routes.SUBMIT_TASK, TaskNote(), task=task)
            changes(rita, routes.OPEN_REVIEW, task=task)
            changes(rita, routes.ACCEPT_TASK, TaskNote(), task=task)
            pulled = changes(ann, routes.PULL_NEXT, PullNext(), project=project)
            changes(ann, routes.SKIP_TASK, TaskNote("blurred"), task=pulled.task.id)
            changes(owner, routes.ERASE_ITEM, item=workspace.items[1])
            before = size()
            for route, body, ids in (
                (routes.ME, None, {}),
                (routes.SETTINGS, None, {}),
                (routes.PROJECTS, None, {}),
                (routes.SUMMARY, None, {"project": project}),
                (routes.MEMBERS, None, {"project": project}),
                (routes.ITEMS, ItemQuery(), {"project": project}),
                (routes.TASKS, TaskQuery(), {"project": project}),
                (routes.ITEM, None, {"item": item}),
                (routes.DOCUMENT, None, {"item": item}),
                (routes.FINDINGS, None, {"item": item}),
                (routes.DRAFTS, None, {"item": item}),
                (routes.REVISIONS, RevisionQuery(), {"item": item}),
            ):
                ann.call(route, body, **ids)
            assert size() == before
            changes(ann, routes.SIGN_OUT)
