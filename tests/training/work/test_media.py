"""Files through a real node: whole, by range, prepared, sealed, and gone when they are erased."""

import hashlib
import io

import pytest
from PIL import Image

from studio.domain.errors import AtelierError
from studio.domain.wire import routes
from studio.domain.wire.routes import path_of
from studio.domain.wire.training import NewSnapshot
from tests.training.uploading import bring_in, items_of, new_project, picture, voc_folder


@pytest.fixture
def owner(node):
    return node.owner()


@pytest.fixture
def project(owner):
    return new_project(owner)


def get(owner, row, rendition="original", **headers):
    path = path_of(routes.MEDIA, item=row.id, stream=row.stream, frame=0, rendition=rendition)
    return owner.http.get(path, headers={"Authorization": f"Bearer {owner.token}"} | headers)


def test_a_picture_comes_back_whole_by_range_and_once(owner, project, tmp_path):
    folder = voc_folder(tmp_path / "voc", 2)
    bring_in(owner, project, folder)
    row = items_of(owner, project).rows[0]
    content = (folder / row.name).read_bytes()
    whole = get(owner, row)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, content, "image/png")
    size = len(content)
    for asked, start, end in (
        ("0-9", 0, 10),
        ("100-", 100, size),
        ("-7", size - 7, size),
        ("5-99999999", 5, size),
    ):
        part = get(owner, row, Range=f"bytes={asked}")
        assert (part.status_code, part.content) == (206, content[start:end]), asked
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    for asked in (f"{size}-", "9-3", "-", "a-b"):
        assert get(owner, row, Range=f"bytes={asked}").status_code >= 400, asked
    again = get(owner, row, **{"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_thumbnails_and_tiles_are_prepared(owner, project, tmp_path):
    picture(tmp_path / "p" / "large.png", 1, (4500, 300))
    picture(tmp_path / "p" / "small.png", 2, (640, 480))
    bring_in(owner, project, tmp_path / "p", "image_folder")
    rows = {row.name: row for row in items_of(owner, project).rows}
    for row in rows.values():
        thumb = Image.open(io.BytesIO(get(owner, row, "thumb").content))
        assert max(thumb.size) == 256
    tile = Image.open(io.BytesIO(get(owner, rows["large.png"], "tile-0-17-1").content))
    assert tile.size == (4500 - 17 * 256, 300 - 256)
    for missing in ("tile-0-18-0", "tile-99-0-0", "elsewhere", "../original"):
        assert get(owner, rows["large.png"], missing).status_code == 404
    assert get(owner, rows["small.png"], "tile-0-0-0").status_code == 404


def test_a_damaged_blob_is_an_error_and_never_another_picture(node, owner, project, tmp_path):
    bring_in(owner, project, voc_folder(tmp_path / "voc", 2))
    rows = items_of(owner, project).rows
    for file in (node.folder / "blobs").rglob("*"):
        if file.is_file():
            data = bytearray(file.read_bytes())
            data[len(data) // 2] ^= 1
            file.write_bytes(data)
    answer = get(owner, rows[0])
    assert answer.status_code >= 400
    assert answer.json()["code"] == "seal.broken"


def test_a_tile_is_kept_under_its_hash_alone(owner, project, tmp_path):
    bring_in(owner, project, voc_folder(tmp_path / "voc", 1))
    item = items_of(owner, project).rows[0].id
    data = bytes(range(256)) * 100
    name = hashlib.sha256(data).hexdigest()
    for _ in range(2):
        owner.call(routes.PUT_BLOB, data, item=item, blob=name)
    assert owner.send(routes.GET_BLOB, item=item, blob=name).content == data
    with pytest.raises(AtelierError) as caught:
        owner.call(routes.PUT_BLOB, data + b"!", item=item, blob=name)
    assert caught.value.code == "blob.wrong_name"
    assert owner.send(routes.GET_BLOB, item=item, blob="0" * 64).status_code == 404


def test_an_erased_item_is_gone_everywhere_and_its_snapshots_say_so(node, owner, project, tmp_path):
    bring_in(owner, project, voc_folder(tmp_path / "voc", 3))
    rows = items_of(owner, project).rows
    snapshot = owner.call(routes.NEW_SNAPSHOT, NewSnapshot("s", validation_share=0.0), project=project)
    files = sum(each.is_file() for each in (node.folder / "blobs").rglob("*"))
    owner.call(routes.ERASE_ITEM, item=rows[1].id)
    for route in (routes.ITEM, routes.DOCUMENT):
        assert owner.send(route, item=rows[1].id).status_code == 404
    assert get(owner, rows[1]).status_code == 404
    assert [row.id for row in items_of(owner, project).rows] == [rows[0].id, rows[2].id]
    assert sum(each.is_file() for each in (node.folder / "blobs").rglob("*")) == files - 2
    kept = owner.call(routes.SNAPSHOTS, project=project).snapshots[0]
    assert (kept.id, kept.digest, kept.items, kept.erased) == (snapshot.id, snapshot.digest, 3, 1)
    assert owner.call(routes.SUMMARY, project=project).items == 2
    assert get(owner, rows[0]).status_code == 200


def test_erasing_one_of_two_copies_leaves_the_other_readable(owner, project, tmp_path):
    picture(tmp_path / "p" / "a.png", 1)
    (tmp_path / "p" / "b.png").write_bytes((tmp_path / "p" / "a.png").read_bytes())
    bring_in(owner, project, tmp_path / "p", "image_folder")
    first, second = items_of(owner, project).rows
    owner.call(routes.ERASE_ITEM, item=first.id)
    assert get(owner, second).content == (tmp_path / "p" / "b.png").read_bytes()
