"""KITTI's tracklet_labels.xml: one thing and its poses from frame to frame, in the velodyne's axes.

Geiger et al. (2013), section III.D, and the raw data devkit's readTracklets.m. A pose's place is the middle
of the box's bottom; its angles are about x, y and z, of which KITTI itself uses the last. What an annotator
there did not look at (state 1) comes in as a key frame that an automatic step made.
"""

from collections.abc import Mapping
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from plugins.pointcloud.formats.key_frames import KeyFrames, Made
from plugins.pointcloud.formats.kitti_labels import OCCLUDED, TRUNCATED
from plugins.pointcloud.formats.scene import Scene, SceneBox, in_axes_of
from plugins.pointcloud.formats.shared import FAULTS, Problems, bad_box, missing_frame, number, solid
from studio.domain.errors import AtelierError
from studio.domain.ids import TrackId
from studio.domain.space import angles_of, turn
from studio.domain.values import Attributes, Value

_DOCTYPE = b"<!DOCTYPE boost_serialization>"  # the one that KITTI's own files have
_UNSEEN, _SEEN = 1, 2  # states of a pose
_SIZES = ("l", "w", "h")
_PLACE = ("tx", "ty", "tz")
_TURN = ("rx", "ry", "rz")
_RESTS = ("amt_occlusion", "amt_occlusion_kf", "amt_border_l", "amt_border_r", "amt_border_kf")
_SAME_M = 1e-6


def read_tracklets(
    data: bytes, path: str, tracks: KeyFrames, frames: Mapping[int, int], problems: Problems
) -> None:
    """Gather the tracklets of a file in `tracks`; `frames` are ours by the drive's own numbers.

    Raises `import.bad_xml`. A pose that cannot be, or that is at no frame of the item, is left out and named.
    """
    root = _parsed(data, path)
    lost = 0
    for at_track, each in enumerate(root.findall("tracklets/item"), 1):
        name = (each.findtext("objectType") or "").strip() or "Misc"
        track = tracks.track(str(at_track), name)
        try:
            first = int(_number(each, "first_frame"))
            length, width, height = (_number(each, size) for size in _SIZES)
        except FAULTS as error:
            problems.add(bad_box(path, f"tracklet {at_track} ({name})", error))
            continue
        for at, pose in enumerate(each.findall("poses/item")):
            frame = frames.get(first + at)
            if frame is None:
                lost += 1
                continue
            try:
                x, y, z = (_number(pose, tag) for tag in _PLACE)
                roll, pitch, yaw = (_number(pose, tag) for tag in _TURN)
                box = solid((x, y, z + height / 2), (length, width, height), turn(yaw, pitch, roll))
                made: Made = "auto" if int(_number(pose, "state")) == _UNSEEN else "hand"
                held = _attributes(pose)
            except FAULTS as error:
                problems.add(bad_box(path, f"tracklet {at_track} ({name}) at frame {first + at}", error))
                continue
            problems.add(tracks.box(track, frame, box, held, made=made))
    if lost:
        problems.add(
            missing_frame(
                path, f"{lost:,} boxes of tracklets have no sweep or picture here; they were left out."
            )
        )


def tracklets_of(scene: Scene) -> str:
    """All cuboids of an item as a file of tracklets, one for each run of frames of a track."""
    lidar = scene.lidar()
    runs: list[_Run] = []
    latest: dict[TrackId, _Run] = {}
    for frame in range(scene.frames):
        for box in scene.boxes(frame):
            known = latest.get(box.track.id)
            if known is None or known.first + len(known.boxes) != frame:
                if known is not None:
                    scene.losses.add("gap in a track", "written as another tracklet behind it")
                known = latest[box.track.id] = _Run(box.track.class_name, frame)
                runs.append(known)
            known.boxes.append(box._replace(solid=in_axes_of(lidar, box.solid)))
    items = "".join(_item(run, scene) for run in runs)
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>\n'
        f"{_DOCTYPE.decode()}\n"
        '<boost_serialization signature="serialization::archive" version="9">\n'
        '<tracklets class_id="0" tracking_level="0" version="0">\n'
        f"<count>{len(runs)}</count>\n<item_version>1</item_version>\n{items}"
        "</tracklets>\n</boost_serialization>\n"
    )


class _Run:
    """The boxes of one track from a frame on, without a gap."""

    def __init__(self, class_name: str, first: int) -> None:
        self.class_name = class_name
        self.first = first
        self.boxes: list[SceneBox] = []


def _parsed(data: bytes, path: str) -> ElementTree.Element:
    plain = data.replace(_DOCTYPE, b"", 1)
    # any other document type is where entity bombs and outside files come from
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain or b"\x00<\x00!" in plain:
        raise AtelierError(
            "import.bad_xml",
            f"{path!r} declares a document type that no tracklets need; it was left out.",
            hint="Write the file again with a labelling program.",
        )
    try:
        return ElementTree.fromstring(plain)
    except (ElementTree.ParseError, ValueError, LookupError, RecursionError) as error:
        raise AtelierError(
            "import.bad_xml",
            f"{path!r} is not sound XML ({error}); it was left out.",
            hint="Write the file again with the program that made it.",
        ) from error


def _number(element: ElementTree.Element, name: str) -> float:
    return number(float(element.findtext(name) or "nan"))


def _attributes(pose: ElementTree.Element) -> Attributes:
    found: dict[str, Value] = {}
    for tag, name in (("occlusion", OCCLUDED), ("truncation", TRUNCATED)):
        said = int(float(pose.findtext(tag) or "-1"))
        if said >= 0:
            found[name] = said
    return tuple(sorted(found.items()))


def _item(run: _Run, scene: Scene) -> str:
    length, width, height = run.boxes[0].solid.size
    poses = "".join(_pose(box, height, scene) for box in run.boxes)
    return (
        '<item class_id="1" tracking_level="0" version="1">\n'
        f"<objectType>{escape(run.class_name)}</objectType>\n"
        f"<h>{height!r}</h><w>{width!r}</w><l>{length!r}</l>\n"
        f"<first_frame>{run.first}</first_frame>\n"
        '<poses class_id="2" tracking_level="0" version="0">\n'
        f"<count>{len(run.boxes)}</count>\n<item_version>2</item_version>\n{poses}</poses>\n"
        "<finished>1</finished>\n</item>\n"
    )


def _pose(box: SceneBox, height: float, scene: Scene) -> str:
    losses = scene.losses
    held = dict(box.attributes)
    if box.is_key:
        for name, value in held.items():
            if name not in (OCCLUDED, TRUNCATED) or isinstance(value, bool) or not isinstance(value, int):
                losses.add(f"attribute {name!r} of a box")
        if box.made == "model":
            losses.add("cuboid made by model", "written as made by hand")
        if abs(box.solid.size[2] - height) > _SAME_M:
            losses.add("size of a box that differs from the track's first", "written as the first")
    x, y, z = box.solid.centre
    yaw, pitch, roll = angles_of(box.solid.rotation)
    values: dict[str, object] = {
        "tx": x,
        "ty": y,
        "tz": z - height / 2,
        "rx": roll,
        "ry": pitch,
        "rz": yaw,
        "state": _UNSEEN if box.made == "auto" else _SEEN,
        "occlusion": _level(held.get(OCCLUDED)),
        "occlusion_kf": 0,
        "truncation": _level(held.get(TRUNCATED)),
        **dict.fromkeys(_RESTS, -1),
    }
    inner = "".join(f"<{name}>{value!r}</{name}>" for name, value in values.items())
    return f'<item class_id="3" tracking_level="0" version="2">{inner}</item>\n'


def _level(value: Value | None) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1
