"""How the command line finds the format of a folder and reads it, without a node."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from studio.domain.contracts.fitting import misfits
from studio.domain.contracts.formats import Budget, Format, Media, MediaFile, Problem, ReadItem, Sniffed
from studio.domain.contracts.plugin import installed_plugins, load_part
from studio.domain.contracts.reading import as_problem
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import PluginShape, Relation, Shape, Tag, Track
from studio.domain.errors import AtelierError
from studio.domain.wording import counted


class Found(Struct, frozen=True):
    """A folder as one of the installed formats reads it."""

    format: Format
    items: tuple[ReadItem, ...]
    problems: tuple[Problem, ...]


class Inspection(Struct, frozen=True):
    """What a folder holds. Points, seconds and characters are sums over the streams that have them."""

    format: str
    items: int
    streams: int
    frames: int
    tracks: int
    shapes: dict[str, int]  # by class
    tags: int
    relations: int
    groups: int
    points: int
    seconds: float
    characters: int
    warnings: tuple[str, ...]


def formats() -> dict[str, Format]:
    """Every installed format by name."""
    made: dict[str, Format] = {}
    for plugin in installed_plugins():
        for part in plugin.formats:
            found: Format = load_part(part)()
            made[found.name] = found
    return made


def media_of(kind: str) -> Media | None:
    """The part that checks files of this kind of stream, or None where no plug-in has one."""
    for plugin in installed_plugins():
        if kind in plugin.streams and plugin.media:
            media: Media = load_part(plugin.media)()
            return media
    return None


def sniffed(tree: FolderTree) -> list[Sniffed]:
    """What the installed formats see in a folder, the likeliest first."""
    seen = [found for each in formats().values() if (found := each.sniff(tree)) is not None]
    return sorted(seen, key=lambda each: -each.confidence)


def read_folder(path: Path, name: str = "", *, check_media: bool = True) -> Found:
    """Read `path` in the format `name`, or in the one that its content shows.

    Raises `import.not_found`, `import.unknown_format`, `import.nothing`. Files that cannot be used are
    problems beside the items, and never stop the rest.
    """
    tree = FolderTree(path)
    known = formats()
    if not name:
        candidates = sniffed(tree)
        if not candidates:
            raise AtelierError(
                "import.unknown_format",
                f"No installed format recognises {path.name!r}.",
                hint=f"Name one with --format: {', '.join(sorted(known))}.",
            )
        name = candidates[0].format
    if name not in known:
        raise AtelierError(
            "import.unknown_format",
            f"There is no format {name!r} here.",
            hint=f"Installed are: {', '.join(sorted(known))}.",
        )
    items: list[ReadItem] = []
    problems: list[Problem] = []
    for read in _read(known[name], tree):
        if isinstance(read, Problem):
            problems.append(read)
        elif not check_media:
            items.append(read)
        elif (checked := _with_real_sizes(tree, read, problems)) is not None:
            items.append(checked)
    if not items and problems:
        raise AtelierError(
            "import.nothing",
            f"Nothing of {path.name!r} can be used: {problems[0].path}: {problems[0].message}",
            detail=f"{len(problems)} problems in all",
            hint=problems[0].hint,
        )
    if not items:
        raise AtelierError(
            "import.nothing",
            f"{path.name!r} holds nothing that {name} reads.",
            hint="Choose the folder that holds the data, or another format.",
        )
    return Found(known[name], tuple(items), tuple(problems))


def _read(format_: Format, tree: FolderTree) -> Iterator[ReadItem | Problem]:
    """What a format reads; a fault of its own, on files nobody foresaw, ends it with a problem."""
    try:
        yield from format_.read(tree, Budget())
    except AtelierError as error:
        yield as_problem(tree.root.name, error)
    except Exception as fault:  # noqa: BLE001  hostile files find what nobody foresaw; it is said, not thrown
        yield Problem(
            path=tree.root.name,
            code="import.malformed",
            message=f"{format_.title} stopped at something that it cannot read ({type(fault).__name__}: "
            f"{str(fault)[:120]}); what came before it came in.",
            hint="Leave the file out that was written last, or write it again.",
        )


def _with_real_sizes(tree: FolderTree, item: ReadItem, problems: list[Problem]) -> ReadItem | None:
    """The item with its files' own sizes; None where none of its first stream can be used."""
    sizes: dict[str, tuple[int, int]] = {}
    media: list[MediaFile] = []
    for number, file in enumerate(item.media):
        checker = media_of(file.stream.kind)
        checked = file if checker is None else _checked(tree, file, checker, sizes, problems)
        if number == 0 and any(file.paths) and not any(checked.paths):
            return None
        media.append(checked)
    problems += misfits(item, sizes)
    return replace(item, media=tuple(media))


def _checked(
    tree: FolderTree,
    file: MediaFile,
    checker: Media,
    sizes: dict[str, tuple[int, int]],
    problems: list[Problem],
) -> MediaFile:
    """A stream with those of its files that can be used; the others are named in `problems`."""
    stream, paths, points = file.stream, [], 0
    for path in file.paths:
        if not path:
            paths.append("")
            continue
        try:
            found = checker.probe(tree.local(path), Budget())
        except AtelierError as error:
            problems.append(as_problem(path, error))
            paths.append("")
            continue
        paths.append(path)
        points += found.points
        if found.width and found.height:
            sizes[path] = found.width, found.height
            stream = replace(stream, width=found.width, height=found.height)
    return replace(file, stream=replace(stream, points=points or stream.points), paths=tuple(paths))


def inspection(found: Found) -> Inspection:
    """Counts over everything that was read; a shape that says only that something is there is no shape."""
    shapes: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for item in found.items:
        classes = {each.id: each.class_name for each in item.entities if isinstance(each, Track)}
        for entity in item.entities:
            kinds[type(entity).__name__] += 1
            if isinstance(entity, Shape) and not (isinstance(entity, PluginShape) and not entity.anchors):
                shapes[classes[entity.track]] += 1
    streams = [file.stream for item in found.items for file in item.media]
    return Inspection(
        format=found.format.name,
        items=len(found.items),
        streams=len(streams),
        frames=sum(max((file.stream.frames for file in item.media), default=0) for item in found.items),
        tracks=kinds[Track.__name__],
        shapes=dict(sorted(shapes.items())),
        tags=kinds[Tag.__name__],
        relations=kinds[Relation.__name__],
        groups=kinds["Group"],
        points=sum(each.points for each in streams),
        seconds=sum(each.duration_ns for each in streams) / 1e9,
        characters=sum(each.characters for each in streams),
        warnings=tuple(said(each) for each in found.problems),
    )


def said(problem: Problem) -> str:
    """A problem as one sentence: where, what, how to mend it."""
    return f"{problem.path}: {problem.message} {problem.hint}".strip()


def summary_lines(result: Inspection) -> Iterable[str]:
    """An inspection for a person."""
    held = ((result.items, "item"), (result.frames, "frame"), (result.tracks, "track"))
    yield f"{result.format}: " + ", ".join(counted(*each) for each in held)
    for name, count in result.shapes.items():
        yield f"  {count:>8,}  {name}"
    for name in ("tags", "relations", "groups", "points", "characters"):
        if count := getattr(result, name):
            yield f"  {count:>8,}  {name}"
    if result.warnings:
        yield f"{counted(len(result.warnings), 'thing')} to look at:"
        yield from (f"  - {line}" for line in result.warnings[:20])
        if len(result.warnings) > 20:
            yield f"  and {len(result.warnings) - 20:,} more (see --json)"
