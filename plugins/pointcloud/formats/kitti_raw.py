"""KITTI's raw recordings, synchronised and rectified: a drive an item, with tracklets where there are any.

Geiger et al. (2013): DATE/calib_*.txt, DATE/DRIVE/velodyne_points/data/NUMBER.bin, image_0N/data/NUMBER.png,
oxts/data/NUMBER.txt, each with timestamps.txt, and tracklet_labels.xml; also the plain folders velodyne and
image_0N beside one calib.txt, as odometry and many extracts have them. The ego frame is the velodyne's.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from msgspec.structs import replace

from plugins.pointcloud.formats.key_frames import KeyFrames
from plugins.pointcloud.formats.kitti_calibration import carried, rig_of
from plugins.pointcloud.formats.kitti_files import (
    OWN_FILES,
    RATE_HZ,
    STEP_NS,
    SWEEPS,
    Calibrated,
    Folders,
    by_number,
    calibrated,
    frames_between,
    own_files,
    side_of,
    text_kind,
    write_own_files,
)
from plugins.pointcloud.formats.kitti_oxts import ego_poses, oxts_of
from plugins.pointcloud.formats.kitti_tracklets import read_tracklets, tracklets_of
from plugins.pointcloud.formats.picture_sizes import sized
from plugins.pointcloud.formats.scene import Scene
from plugins.pointcloud.formats.scene_files import media_of
from plugins.pointcloud.formats.shared import (
    LIDAR,
    Problems,
    finished,
    folder_of,
    malformed,
    media,
    name_of,
    within,
)
from studio.domain.contracts.formats import (
    Budget,
    Loss,
    MediaFile,
    Problem,
    ReadItem,
    Sink,
    Sniffed,
    Tree,
    WriteItem,
)
from studio.domain.contracts.reading import Losses, as_problem, read_bytes, read_text
from studio.domain.entities import AnyEntity, EgoPose
from studio.domain.errors import AtelierError
from studio.domain.ontology import Ontology
from studio.domain.wire.projects import StreamKind
from studio.domain.wording import counted

TRACKLETS, TIMES, OXTS = "tracklet_labels.xml", "timestamps.txt", "oxts"
_OWN = "drive"
_POSE_LINE = re.compile(r"^(R|T):", re.MULTILINE)
_SECONDS = re.compile(r"\d{1,12}(\.\d*)?([eE][+-]?\d{1,2})?")


class KittiRaw:
    """Reads and writes KITTI's raw recordings."""

    name = "kitti_raw"
    title = "KITTI raw"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by sweeps in a folder velodyne or velodyne_points and KITTI's calibration above."""
        drives = _drives(tree)
        if not drives:
            return None
        sweeps = sum(len(each.sweeps) for each in drives)
        cameras = sum(len(each.cameras) for each in drives)
        labelled = sum(each.tracklets is not None for each in drives)
        held = f"{counted(sweeps, 'sweep')}, {counted(cameras, 'camera')}"
        summary = f"{counted(len(drives), 'KITTI raw drive')} with {held}"
        summary += f", {labelled:,} of them with tracklets" if labelled else ""
        return Sniffed(self.name, 0.92, len(drives), summary)

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a drive. What cannot be read is named, and the rest comes in."""
        for each in _drives(tree):
            problems = Problems()
            try:
                item = _item(tree, each, budget, problems)
            except AtelierError as error:
                yield as_problem(each.root, error)
                continue
            yield from problems
            yield finished(item.source, item, budget)

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """tracklet_labels.xml and calib.txt for each item; points and pictures stay where they are."""
        losses = Losses()
        used: set[str] = set()
        for item in items:
            scene = Scene(item, losses)
            scene.report("tracks", "box_attributes", "made", "cameras", "systems", "streams")
            rig = rig_of(scene, losses)
            folder = scene.home("velodyne", used)
            sink.write(within(folder, "calib.txt"), rig.text.encode())
            sink.write(within(folder, TRACKLETS), tracklets_of(scene).encode())
            write_own_files(sink, folder, _OWN, item, tuple(map(str, range(scene.frames))))
        return losses.report()


class _Drive:
    """One drive: its files by number of frame."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.calibrations: list[str] = []
        self.sweeps: dict[int, str] = {}
        self.cameras: dict[str, dict[int, str]] = {}
        self.oxts: dict[int, str] = {}
        self.tracklets: str | None = None
        self.times: dict[str, str] = {}  # stream -> its list of times


def _drives(tree: Tree) -> list[_Drive]:
    folders = Folders(tree)
    roots = {
        folder_of(folder.removesuffix("/data"))
        for folder in folders.points
        if name_of(folder.removesuffix("/data")) in SWEEPS
    }
    there = set(tree.paths())
    roots |= {folder_of(folder_of(path)) for path in there if path.endswith(f"{OWN_FILES}/{_OWN}.json")}
    found: list[_Drive] = []
    for root in sorted(roots):
        drive = _Drive(root)
        drive.calibrations = _calibrations(tree, folders, root)
        if not drive.calibrations:
            continue
        drive.sweeps = by_number(folders.sweeps(root))
        drive.cameras = {str(name): by_number(held) for name, held in folders.cameras(root).items()}
        drive.oxts = by_number(folders.texts.get(within(root, f"{OXTS}/data"), {}))
        path = within(root, TRACKLETS)
        drive.tracklets = path if path in there else None
        for name, places in (
            (str(LIDAR), (*(f"{sweeps}/{TIMES}" for sweeps in SWEEPS), "times.txt")),
            *((name, (f"{name}/{TIMES}",)) for name in drive.cameras),
            (OXTS, (f"{OXTS}/{TIMES}",)),
        ):
            known = [within(root, place) for place in places if within(root, place) in there]
            drive.times |= {name: known[0]} if known else {}
        found.append(drive)
    return found


def _calibrations(tree: Tree, folders: Folders, root: str) -> list[str]:
    """The calibration files of a drive: beside it, else in the nearest folder above that has them."""
    folder = root
    while True:
        held = folders.texts.get(folder, {})
        found = [
            path for stem, path in sorted(held.items()) if stem.startswith("calib") and text_kind(tree, path)
        ]
        if found or not folder:
            return found
        folder = folder_of(folder)


def _calibration(tree: Tree, found: _Drive, budget: Budget, problems: Problems) -> Calibrated:
    """All of a drive's files as one text, as `from_kitti` takes them."""
    texts: list[str] = []
    for path in found.calibrations:
        try:
            text = read_text(tree, path, budget)
        except AtelierError as error:
            problems.add(as_problem(path, error))
            continue
        if "imu" in name_of(path) and _POSE_LINE.search(text):
            text = _POSE_LINE.sub(r"imu_\1:", text)
        texts.append(text.rstrip("\n"))
    return calibrated("\n".join(texts) + "\n", found.calibrations[0], problems)


def _item(tree: Tree, found: _Drive, budget: Budget, problems: Problems) -> ReadItem:
    known = own_files(tree, found.root, _OWN, budget)
    source, split = found.root or "drive", side_of(found.root)
    if known is not None:
        streams, missing = media_of(tree, *known)
        for each in missing:
            problems.add(each)
        frames = max((file.stream.frames for file in streams), default=1)
        numbers = {frame: frame for frame in range(frames)}
        source, split = known[1].name, known[1].split
    else:
        numbers = frames_between([*found.sweeps, *(n for held in found.cameras.values() for n in held)])
        streams = tuple(_media(tree, found, numbers, budget, problems))
    calibration = _calibration(tree, found, budget, problems)
    streams, sensors = sized(tree, streams, calibration.entities)
    entities: list[AnyEntity] = [
        *sensors,
        *_poses(tree, found, calibration.entities, numbers, budget, problems),
    ]
    if found.tracklets is not None:
        tracks = KeyFrames(found.tracklets, LIDAR, len(numbers))
        try:
            data = read_bytes(tree, found.tracklets, budget.text_bytes)
            read_tracklets(data, found.tracklets, tracks, numbers, problems)
        except AtelierError as error:
            problems.add(as_problem(found.tracklets, error))
        entities += tracks.entities()
    return ReadItem(
        source=source,
        media=streams,
        entities=tuple(entities),
        group_key=source,
        state="accepted" if found.tracklets is not None else "new",
        split=split,
        sidecar=carried(calibration.text),
    )


def _media(
    tree: Tree, found: _Drive, numbers: Mapping[int, int], budget: Budget, problems: Problems
) -> Iterator[MediaFile]:
    lidar = _times(tree, found, str(LIDAR), numbers, budget, problems)
    kinds: list[tuple[StreamKind, str, dict[int, str]]] = [("points", str(LIDAR), found.sweeps)]
    kinds += [("image", name, held) for name, held in found.cameras.items()]
    for kind, name, held in kinds:
        own = name in found.times and name != str(LIDAR)
        times = _times(tree, found, name, numbers, budget, problems) if own else lidar
        made = media(kind, name, [held.get(number, "") for number in numbers], times)
        yield MediaFile(replace(made.stream, rate_hz=RATE_HZ), made.paths)


def _times(
    tree: Tree, found: _Drive, name: str, numbers: Mapping[int, int], budget: Budget, problems: Problems
) -> list[int]:
    """Nanoseconds of each frame: as the drive's list says, else ten a second."""
    even = [number * STEP_NS for number in numbers]
    path = found.times.get(name)
    if path is None:
        return even
    try:
        said = [time_of(line) for line in read_text(tree, path, budget).splitlines() if line.strip()]
    except AtelierError as error:
        problems.add(as_problem(path, error))
        return even
    except ValueError as error:
        problems.add(malformed(path, error))
        return even
    if len(said) <= max(numbers):
        problems.add(malformed(path, f"it has {len(said):,} times, and a frame is called {max(numbers):,}"))
        return even
    found = [said[number] for number in numbers]
    if any(later <= earlier for earlier, later in pairwise(found)):
        problems.add(malformed(path, "its times do not go on from frame to frame"))
        return even
    return found


def time_of(line: str) -> int:
    """Nanoseconds of a line of timestamps.txt (a date, UTC) or times.txt (seconds). Raises ValueError."""
    words = line.split()
    if len(words) == 1:
        seconds = Decimal(words[0]) if _SECONDS.fullmatch(words[0]) else None
        if seconds is None or not 0 <= seconds < 10**9:
            raise ValueError(f"{words[0][:40]!r} is no time")
        return int(seconds * 1_000_000_000)
    whole, _, part = line.strip().partition(".")
    moment = datetime.strptime(whole, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    if part and not (part.isdecimal() and part.isascii()):
        raise ValueError(f"{line[:40]!r} is no time")
    return int(moment.timestamp()) * 1_000_000_000 + int(f"{part:0<9}"[:9] or "0")


def _poses(
    tree: Tree,
    found: _Drive,
    systems: Sequence[AnyEntity],
    numbers: Mapping[int, int],
    budget: Budget,
    problems: Problems,
) -> list[EgoPose]:
    if not found.oxts:
        return []
    name = OXTS if OXTS in found.times else str(LIDAR)
    times = dict(zip(numbers, _times(tree, found, name, numbers, budget, problems), strict=True))
    records: list[tuple[int, tuple[float, ...]]] = []
    for number, path in found.oxts.items():
        if number in times:
            try:
                records.append((times[number], oxts_of(read_text(tree, path, budget))))
            except AtelierError as error:
                problems.add(as_problem(path, error))
            except ValueError as error:
                problems.add(malformed(path, error))
    return ego_poses(records, systems)
