"""A real node process, and people at it, for the tests of the client."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from studio.client import Client, OwnNode, Session, uploads
from studio.client import jobs as node_jobs
from studio.domain.ids import ItemId, ProjectId
from studio.domain.ontology import ClassType, Ontology
from studio.domain.wire import routes
from studio.domain.wire.projects import ItemQuery, NewProject

VOC = """<annotation><filename>{name}.png</filename>
<size><width>64</width><height>48</height><depth>3</depth></size>
<object><name>car</name><bndbox><xmin>10</xmin><ymin>10</ymin><xmax>30</xmax><ymax>30</ymax></bndbox></object>
</annotation>"""


@pytest.fixture(scope="session")
def own_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnNode]:
    """A node of our own, in a process of its own."""
    node = OwnNode.start(tmp_path_factory.mktemp("ws") / "w", wait_s=120)
    yield node
    node.stop()


@pytest.fixture
def client(own_node: OwnNode) -> Iterator[Client]:
    """The owner, signed in."""
    made = Client.connect(own_node.address)
    made.own_sign_in(own_node.secret())
    yield made
    made.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three labelled pictures in Pascal VOC."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(3):
        picture = Image.new("RGB", (64, 48), (40 * number, 90, 120))
        ImageDraw.Draw(picture).rectangle((10, 10, 30, 30), fill=(250, 240, 10))
        picture.save(folder / f"road-{number}.png")
        (folder / f"road-{number}.xml").write_text(VOC.format(name=f"road-{number}"), "utf-8")
    return folder


@pytest.fixture(scope="session")
def project(own_node: OwnNode, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> ProjectId:
    """A project with the three pictures in it."""
    client = Client.connect(own_node.address)
    client.own_sign_in(own_node.secret())
    ontology = Ontology(classes=(ClassType("car"),))
    made: ProjectId = client.call(routes.NEW_PROJECT, NewProject("roads", ontology)).id
    upload = uploads.Upload(
        client, made, pictures, format="pascal_voc", name="roads", notes=tmp_path_factory.mktemp("notes")
    )
    state = upload.run()
    assert state.job is not None
    assert node_jobs.report(client, state.job.id).items == 3
    client.close()
    return made


@pytest.fixture
def items(client: Client, project: ProjectId) -> list[ItemId]:
    """The ids of the three items."""
    return [row.id for row in client.call(routes.ITEMS, ItemQuery(), project=project).rows]


@pytest.fixture
def desk(own_node: OwnNode, tmp_path: Path) -> Iterator[Callable[[], Session]]:
    """Opens a session of the owner; each call is another studio on the same machine."""
    opened: list[Session] = []

    def make() -> Session:
        made = Client.connect(own_node.address)
        made.own_sign_in(own_node.secret())
        opened.append(Session.open(made, tmp_path / "state", own_node=True))
        return opened[-1]

    yield make
    for each in opened:
        if not each.is_closed:
            each.close()
        each.client.close()
