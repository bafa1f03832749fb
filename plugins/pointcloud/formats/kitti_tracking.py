"""KITTI's tracking benchmark: a sequence an item, its tracks over all frames.

Geiger et al. (2013): velodyne/SEQUENCE/FRAME.bin, image_02/SEQUENCE/FRAME.png (and image_03),
label_02/SEQUENCE.txt, calib/SEQUENCE.txt, oxts/SEQUENCE.txt. The ego frame is the velodyne's. An item runs
from the first to the last frame that has a file: labels before and after are left out and counted. Frames are
numbered from 0 there; their own numbers are kept as times, ten a second. A track's number is its identity; a
DontCare, which is nothing and has no place in space, is a track of its own with a box alone, at each frame.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from plugins.pointcloud.formats.key_frames import KeyFrames
from plugins.pointcloud.formats.kitti_calibration import carried, rig_of
from plugins.pointcloud.formats.kitti_files import (
    RATE_HZ,
    STEP_NS,
    Folders,
    by_number,
    calibration_in,
    frames_between,
    own_files,
    own_names,
    place_rows,
    side_of,
    write_own_files,
)
from plugins.pointcloud.formats.kitti_labels import DONT_CARE, TRACKING_WORDS, Row, line_of, rows_of
from plugins.pointcloud.formats.kitti_oxts import ego_poses, oxts_of
from plugins.pointcloud.formats.kitti_writing import Rows, report
from plugins.pointcloud.formats.picture_sizes import sized
from plugins.pointcloud.formats.scene import Scene
from plugins.pointcloud.formats.scene_files import media_of
from plugins.pointcloud.formats.shared import (
    LIDAR,
    Problems,
    finished,
    folder_for,
    folder_of,
    malformed,
    media,
    missing_frame,
    name_of,
    stem_of,
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
from studio.domain.contracts.reading import Losses, as_problem, read_text
from studio.domain.entities import AnyEntity, EgoPose
from studio.domain.errors import AtelierError
from studio.domain.ids import TrackId
from studio.domain.ontology import Ontology
from studio.domain.wording import counted

LABELS, CALIBRATIONS, OXTS = "label_02", "calib", "oxts"
_SNIFFED_FILES = 20


class KittiTracking:
    """Reads and writes KITTI's tracking benchmark."""

    name = "kitti_tracking"
    title = "KITTI tracking"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by label files of 17 or 18 words a line, or calibrations named as folders of sweeps."""
        sequences = _sequences(tree)
        if not sequences:
            return None
        classes: set[str] = set()
        for each in sequences[:_SNIFFED_FILES]:
            if each.labels is not None:
                rows = rows_of(_text(tree, each.labels), TRACKING_WORDS, each.labels)
                classes |= {row.class_name for row in rows if isinstance(row, Row)}
        sweeps = sum(len(each.sweeps) for each in sequences)
        summary = (
            f"{counted(len(sequences), 'sequence')} of KITTI's tracking benchmark, {counted(sweeps, 'sweep')}"
        )
        return Sniffed(self.name, 0.97, len(sequences), summary, tuple(sorted(classes)))

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a sequence. A line or file that cannot be read is named, and the rest comes in."""
        for each in _sequences(tree):
            problems = Problems()
            try:
                item = _item(tree, each, budget, problems)
            except AtelierError as error:
                yield as_problem(each.labels or each.name, error)
                continue
            yield from problems
            yield finished(item.source, item, budget)

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """label_02/NAME.txt and calib/NAME.txt for each item; points and pictures stay where they are."""
        losses = Losses()
        used: set[str] = set()
        for item in items:
            scene = Scene(item, losses)
            report(scene, tracks=True)
            rig = rig_of(scene, losses)
            rows, numbers = Rows(scene, rig), _numbers(scene, losses)
            root, name, own = _home(scene, used)
            frames = _frame_numbers(scene, own)
            lines = [
                line_of(row._replace(frame=frames[frame]), tracking=True)
                for frame in range(scene.frames)
                for row in rows.at(frame, numbers)
            ]
            sink.write(within(root, f"{LABELS}/{name}.txt"), "".join(f"{each}\n" for each in lines).encode())
            sink.write(within(root, f"{CALIBRATIONS}/{name}.txt"), rig.text.encode())
            if own:
                write_own_files(sink, root, name, item, tuple(map(str, frames)))
        return losses.report()


class _Sequence:
    """One sequence: its files by number of frame."""

    def __init__(self, root: str, name: str) -> None:
        self.root = root
        self.name = name
        self.labels: str | None = None
        self.calibration: str | None = None
        self.oxts: str | None = None
        self.sweeps: dict[int, str] = {}
        self.cameras: dict[str, dict[int, str]] = {}


def _sequences(tree: Tree) -> list[_Sequence]:
    folders = Folders(tree)
    found: dict[tuple[str, str], _Sequence] = {}
    for folder, kind in folders.kinds():
        if kind in ("tracking", "calibration"):
            for name, path in folders.texts[folder].items():
                at = (folder_of(folder), name)
                each = found.setdefault(at, _Sequence(*at))
                if kind == "tracking":
                    each.labels = path
                else:
                    each.calibration = path
    for root, name, path in own_names(tree, LABELS):
        found.setdefault((root, name), _Sequence(root, name)).labels = path
    for (root, name), each in found.items():
        each.sweeps = by_number(folders.sweeps(root, name))
        each.cameras = {str(camera): by_number(held) for camera, held in folders.cameras(root, name).items()}
        each.oxts = folders.texts.get(within(root, OXTS), {}).get(name)
    return [each for _, each in sorted(found.items()) if each.labels or each.sweeps or each.cameras]


def _text(tree: Tree, path: str) -> str:
    """A text, or nothing where it cannot be read; `read` says why."""
    try:
        return read_text(tree, path, Budget())
    except AtelierError:
        return ""


def _item(tree: Tree, found: _Sequence, budget: Budget, problems: Problems) -> ReadItem:
    rows: list[Row] = []
    if found.labels is not None:
        for row in rows_of(read_text(tree, found.labels, budget), TRACKING_WORDS, found.labels):
            if isinstance(row, Row):
                rows.append(row)
            else:
                problems.add(row)
    known = own_files(tree, found.root, found.name, budget)
    source, split = within(found.root, found.name), side_of(found.root)
    if known is not None:
        streams, missing = media_of(tree, *known)
        for each in missing:
            problems.add(each)
        numbers = {int(name): frame for frame, name in enumerate(known[1].frames) if name.isdecimal()}
        source, split = known[1].name, known[1].split
    else:
        files = {*found.sweeps, *(number for held in found.cameras.values() for number in held)}
        numbers = frames_between(files or {row.frame for row in rows})
        streams = tuple(_media(found, numbers))
    kept = [(numbers[row.frame], row) for row in rows if row.frame in numbers]
    if len(kept) < len(rows):
        problems.add(_outside(found, rows, numbers))
    calibration = calibration_in(tree, found.calibration, budget, problems)
    streams, sensors = sized(tree, streams, calibration.entities)
    calibration = calibration._replace(entities=sensors)
    path = found.labels or found.name
    tracks = KeyFrames(path, LIDAR, len(numbers))
    flat = place_rows(kept, path, tracks, calibration, problems)
    if flat and all(file.stream.id != calibration.picture for file in streams):
        more = media("image", calibration.picture, [], streams[0].stream.times_ns, len(numbers))
        streams = (*streams, more)
    return ReadItem(
        source=source,
        media=streams,
        entities=(
            *calibration.entities,
            *_poses(tree, found, calibration.entities, numbers, budget, problems),
            *tracks.entities(),
            *flat,
        ),
        group_key=source,
        state="accepted" if found.labels is not None else "new",
        split=split,
        sidecar=carried(calibration.text) if calibration.text else b"",
    )


def _media(found: _Sequence, numbers: Mapping[int, int]) -> Iterator[MediaFile]:
    times = [number * STEP_NS for number in numbers]
    for kind, name, held in (
        ("points", str(LIDAR), found.sweeps),
        *(("image", name, held) for name, held in found.cameras.items()),
    ):
        paths = [held.get(number, "") for number in numbers]
        made = media("points" if kind == "points" else "image", name, paths, times)
        yield MediaFile(replace(made.stream, rate_hz=RATE_HZ), made.paths)


def _outside(found: _Sequence, rows: list[Row], numbers: Mapping[int, int]) -> Problem:
    frames = {row.frame for row in rows if row.frame not in numbers}
    lost = sum(row.frame not in numbers for row in rows)
    return missing_frame(
        found.labels or found.name,
        f"{len(frames):,} labelled frames ({_runs(frames)}) have neither a sweep nor a picture here; their "
        f"{lost:,} labels were left out.",
    )


def _runs(frames: set[int]) -> str:
    """Numbers as people write them: 96 to 99, 112 to 115."""
    runs: list[list[int]] = []
    for frame in sorted(frames):
        if runs and runs[-1][1] == frame - 1:
            runs[-1][1] = frame
        else:
            runs.append([frame, frame])
    said = [f"{first} to {last}" if first != last else str(first) for first, last in runs]
    return ", ".join(said[:5]) + (" and more" if len(said) > 5 else "")


def _poses(
    tree: Tree,
    found: _Sequence,
    systems: Sequence[AnyEntity],
    numbers: Mapping[int, int],
    budget: Budget,
    problems: Problems,
) -> list[EgoPose]:
    """Of the records of an OXTS, one a line and frame, those of the item's frames."""
    if found.oxts is None:
        return []
    records: list[tuple[int, tuple[float, ...]]] = []
    try:
        lines = read_text(tree, found.oxts, budget).splitlines()
    except AtelierError as error:
        problems.add(as_problem(found.oxts, error))
        return []
    for number, line in enumerate(lines):
        if number in numbers:
            try:
                records.append((number * STEP_NS, oxts_of(line)))
            except ValueError as error:
                problems.add(malformed(found.oxts, f"line {number + 1}: {error}"))
    return ego_poses(records, systems)


def _home(scene: Scene, used: set[str]) -> tuple[str, str, bool]:
    """The folder of an item's labels, what it is called there, and whether its files lie elsewhere."""
    folders = {folder_of(path) for path in scene.paths(scene.reference) if path}
    folder = folders.pop() if len(folders) == 1 else ""
    name, sweeps = name_of(folder), folder_of(folder)
    if name_of(sweeps) == "velodyne" and within(folder_of(sweeps), name) not in used:
        root = folder_of(sweeps)
        used.add(within(root, name))
        return root, name, not _is_beside(scene, root, name)
    free = folder_for(within("training", name_of(scene.item.name) or "drive"), used)
    return folder_of(free), name_of(free), True


def _is_beside(scene: Scene, root: str, name: str) -> bool:
    """Whether all files lie where KITTI's would, so that nothing has to say where they are."""
    numbers = {
        int(stem_of(path)) - frame
        for frame, path in enumerate(scene.paths(scene.reference))
        if path and stem_of(path).isdecimal()
    }
    if len(numbers) != 1 or len(scene.item.streams) != 1 + len(scene.cameras):
        return False
    (first,) = numbers
    for stream in scene.item.streams:
        camera = stream.kind != "points"
        folder = within(root, f"{stream.id if camera else 'velodyne'}/{name}")
        for frame, path in enumerate(scene.paths(stream)):
            if path and (
                folder_of(path) != folder
                or not stem_of(path).isdecimal()
                or int(stem_of(path)) != first + frame
            ):
                return False
    return True


def _frame_numbers(scene: Scene, own: bool) -> list[int]:
    """What KITTI calls the frames: the numbers of their files, else from 0."""
    if own:
        return list(range(scene.frames))
    first = next(
        int(stem_of(path)) - frame for frame, path in enumerate(scene.paths(scene.reference)) if path
    )
    return [first + frame for frame in range(scene.frames)]


def _numbers(scene: Scene, losses: Losses) -> dict[TrackId, int]:
    """A number for every track but those that are nothing: what it was called, else the next free one."""
    found: dict[TrackId, int] = {}
    rest: list[TrackId] = []
    for key, track in scene.tracks.items():
        said = track.identity or track.name
        if track.class_name == DONT_CARE:
            continue
        if said.isdecimal() and len(said) < 10 and int(said) not in found.values():
            found[key] = int(said)
        else:
            rest.append(key)
            if track.identity:
                losses.add("identity of a track", "written as another number")
    free = max(found.values(), default=-1) + 1
    return found | {key: free + at for at, key in enumerate(rest)}
