"""Which file is which frame of an item that we wrote, where the format's own layout does not say it exactly.

Formats name the files of a log by folders and times. An item that came from elsewhere has its files under
other paths, so its streams and paths are written beside its labels; other programs pass over it.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from plugins.pointcloud.formats.shared import missing_frame, within
from studio.domain.contracts.formats import Budget, MediaFile, Problem, Tree, WriteItem
from studio.domain.contracts.reading import Files, read_json
from studio.domain.errors import AtelierError
from studio.domain.wire.projects import Stream

NAME = "atelier_files.json"
_MOST_FRAMES = 1_000_000

Path = Annotated[str, Meta(max_length=4096)]


class SceneFiles(Struct, frozen=True, forbid_unknown_fields=True):
    """One item's streams and their files; `frames` are what its label files call the frames."""

    atelier: Literal["atelier.files"]
    name: Annotated[str, Meta(min_length=1, max_length=4096)]
    streams: tuple[Stream, ...]
    paths: tuple[tuple[Path, ...], ...]  # by stream, by frame; empty where there is none
    frames: tuple[Path, ...] = ()
    split: str = ""


def files_of(item: WriteItem, frames: tuple[str, ...] = ()) -> SceneFiles:
    """What is written of an item."""
    paths = tuple(
        item.source_paths[at] if at < len(item.source_paths) else () for at in range(len(item.streams))
    )
    return SceneFiles("atelier.files", item.name or "scene", item.streams, paths, frames, item.split)


def read_files(tree: Tree, folder: str, budget: Budget) -> SceneFiles | None:
    """What stands in a folder; None where nothing does. Raises `import.malformed`, `import.bad_json`."""
    path = within(folder, NAME)
    if path not in tree.paths():
        return None
    return as_files(path, read_json(tree, path, budget))


def as_files(path: str, content: object) -> SceneFiles:
    """`content` of `path` as what `files_of` wrote. Raises `import.malformed`."""
    try:
        found = msgspec.convert(content, SceneFiles, strict=True)
    except msgspec.ValidationError as error:
        raise _malformed(path, str(error)) from error
    ids = [stream.id for stream in found.streams]
    if len(set(ids)) != len(ids) or not all(ids):
        raise _malformed(path, "a stream has no name, or two have the same")
    if len(found.paths) != len(found.streams):
        raise _malformed(path, f"{len(found.streams)} streams, and files of {len(found.paths)}")
    for stream, paths in zip(found.streams, found.paths, strict=True):
        if not 1 <= stream.frames <= _MOST_FRAMES or len(paths) > stream.frames:
            raise _malformed(path, f"the stream {stream.name!r} has {stream.frames:,} frames")
        if len(stream.times_ns) not in (0, stream.frames):
            raise _malformed(path, f"the stream {stream.name!r} has times of {len(stream.times_ns)} frames")
    return found


def media_of(tree: Tree, path: str, found: SceneFiles) -> tuple[tuple[MediaFile, ...], list[Problem]]:
    """The streams with those of their files that are there; one problem a stream names the others.

    path: of the file that `found` stood in, beside which its files are looked for.
    """
    there = Files(tree, ("",))
    made: list[MediaFile] = []
    problems: list[Problem] = []
    for stream, paths in zip(found.streams, found.paths, strict=True):
        present = tuple((there.find(each, path) or "") if each else "" for each in paths)
        gone = [each for each, here in zip(paths, present, strict=True) if each and not here]
        if gone:
            problems.append(
                missing_frame(
                    gone[0],
                    f"{len(gone)} of {len(paths)} files of {stream.name!r} are not there; their frames have "
                    "labels without data.",
                )
            )
        made.append(MediaFile(stream, present if any(present) else ()))
    return tuple(made), problems


def _malformed(path: str, why: str) -> AtelierError:
    return AtelierError(
        "import.malformed",
        f"{path!r} does not say which files belong together: {why}.",
        hint="Export the items again, or take this file away: then the folders' own names count.",
    )
