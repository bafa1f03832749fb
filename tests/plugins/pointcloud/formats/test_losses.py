"""No format leaves anything of a driving log out without naming it, whichever plug-in it is of."""

from pathlib import Path

import pytest

from plugins.image.formats.bounding import kind_of
from studio.domain.contracts.formats import Format
from studio.domain.contracts.plugin import installed_plugins, load_part
from tests.plugins.formats_kit import Folder, kinds, read, write
from tests.plugins.pointcloud.formats.scenes import everything, lay_out, said

# what a loss report calls an entity, where not by its kind
CALLED = {
    "Box": ("shape box", "box"),
    "Calibration": ("calibration",),
    "CoordinateSystem": ("frame of reference of a sensor",),
    "Cuboid": ("shape cuboid", "cuboid", "track over several frames"),
    "EgoPose": ("pose of the ego frame", "pose of the ego frame between frames"),
    "Relation": ("relation to something that brat cannot name",),
    "Polyline3": ("shape polyline3", "polyline3"),
}
FORMATS = [where for each in installed_plugins() for where in each.formats]


@pytest.mark.parametrize("where", FORMATS)
def test_what_does_not_come_back_was_named(where: str, tmp_path: Path) -> None:
    made: Format = load_part(where)()
    if not made.can_write:
        return
    item = everything()
    named = said(write(made, [item], tmp_path))
    for path in item.media[0].paths:
        Folder(tmp_path).write(path, b"# .PCD\nPOINTS 3\n")  # some tell points apart by their number only
    lay_out(tmp_path, [item])
    items, _ = read(made, tmp_path)
    before = kinds(item)
    after = sum((kinds(each) for each in items), start=type(before)())
    words = {type(each).__name__: kind_of(each) for each in item.entities}
    for kind in before - after:
        if kind == "Track":
            assert any(what.startswith("track without") for what in named)
            continue
        names = (words[kind], *CALLED.get(kind, ()))
        assert sum(named.get(name, 0) for name in names) >= before[kind] - after[kind], kind
    if made.fidelity == "lossless":
        assert (named, before - after) == ({}, type(before)())
