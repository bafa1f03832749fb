"""brat stand-off: NAME.txt beside NAME.ann, offsets in Unicode code points.

brat.nlplab.org/standoff.html. Text-bound annotations (T), relations (R, *), events (E), attributes (A, M),
normalisations (N) and notes (#).
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Literal

from plugins.text.formats.brat_lines import Line, parse_line
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
from studio.domain.entities import AnyEntity, Relation, Remark, Segment, Span, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.ontology import Ontology
from studio.domain.values import Value, attributes
from studio.domain.wire.projects import Stream
from studio.domain.wording import counted

STREAM = StreamId("text")
SNIFFED_FILES = 200
EVENT = "brat.event"
EQUAL = "brat.equal"


class Brat:
    """Reads and writes brat stand-off."""

    name = "brat"
    title = "brat stand-off"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by lines of stand-off in a `.ann` beside a `.txt`."""
        paths = set(tree.paths())
        found = [path for path in sorted(paths) if path.endswith(".ann") and _text_of(path) in paths]
        if not found:
            return None
        classes: set[str] = set()
        for path in found[:SNIFFED_FILES]:
            try:
                lines = read_text(tree, path, Budget()).splitlines()
                classes |= {parse_line(line).kind for line in lines if line.startswith("T")}
            except AtelierError:
                continue  # `read` reports it
        summary = f"{counted(len(found), 'text')} in brat stand-off"
        return Sniffed(self.name, 0.9, len(found), summary, tuple(sorted(classes)))

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a text; a line that cannot be read is named, and the others come in."""
        paths = set(tree.paths())
        for path in sorted(paths):
            if not path.endswith(".ann"):
                continue
            if _text_of(path) not in paths:
                yield Problem(
                    path=path,
                    code="import.missing_file",
                    message=f"The text {_text_of(path)!r} is not there; its labels were left out.",
                    hint="Put the text beside its labels.",
                )
                continue
            try:
                text = read_text(tree, _text_of(path), budget)
                lines = read_text(tree, path, budget)
            except AtelierError as error:
                yield as_problem(path, error)
                continue
            reader = _Reader(path, text)
            entities = reader.entities(lines)
            yield from reader.problems
            stream = Stream(id=STREAM, name="text", kind="text", characters=len(text))
            yield ReadItem(
                source=_text_of(path),
                media=(MediaFile(stream, (_text_of(path),), text),),
                entities=tuple(entities),
                state="accepted",
            )

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """NAME.txt and NAME.ann for each item."""
        losses = Losses()
        for item in items:
            stem = item.name.removesuffix(".txt")
            text, lines = _written(item, losses)
            sink.write(f"{stem}.txt", text.encode())
            sink.write(f"{stem}.ann", "".join(f"{line}\n" for line in lines).encode())
        return losses.report()


def _text_of(path: str) -> str:
    return path.removesuffix(".ann") + ".txt"


class _Reader:
    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._text = text
        self._segment = Segment(id=EntityId(new_id()), stream=STREAM, order="a", text=text)
        self._tracks: dict[str, Track] = {}
        self._shapes: list[AnyEntity] = []
        self._others: list[AnyEntity] = []
        self.problems: list[Problem] = []

    def entities(self, content: str) -> list[AnyEntity]:
        later: list[Line] = []
        for number, raw in enumerate(content.split("\n"), 1):
            if not raw.strip():
                continue
            try:
                line = parse_line(raw)
                if line.id.startswith("T"):
                    self._span(line)
                else:
                    later.append(line)
            except AtelierError as error:
                self._say(number, error)
        # references may point forwards, so everything that has one waits for all spans
        for line in sorted(later, key=lambda each: "ER*AMN#".find(each.id[:1])):
            try:
                self._referring(line)
            except AtelierError as error:
                self._say(0, error)
        return [self._segment, *self._tracks.values(), *self._shapes, *self._others]

    def _say(self, number: int, error: AtelierError) -> None:
        where = f"line {number}: " if number else ""
        self.problems.append(
            Problem(path=self._path, code=error.code, message=f"{where}{error.message}", hint=error.hint)
        )

    def _track(self, line: Line, **held: Value) -> Track:
        if line.id in self._tracks:
            raise AtelierError("import.twice", f"{line.id} stands twice; the later one was left out.")
        track = Track(id=EntityId(new_id()), class_name=line.kind, attributes=attributes(**held))
        self._tracks[line.id] = track
        return track

    def _span(self, line: Line) -> None:
        for start, end in line.spans:
            if not 0 <= start < end <= len(self._text):
                raise AtelierError(
                    "import.bad_span",
                    f"{line.id} covers characters {start} to {end} of a text of {len(self._text)}; "
                    "it was left out.",
                    hint="Check that the labels belong to this text.",
                )
        said = " ".join(self._text[start:end] for start, end in line.spans)
        if line.text and said.split() != line.text.split():
            self.problems.append(
                Problem(
                    path=self._path,
                    code="import.bad_span",
                    message=f"{line.id} says {line.text[:40]!r} where the text has {said[:40]!r}; "
                    "the offsets were taken.",
                    hint="Look at it in Label.",
                )
            )
        track = self._track(line)
        for start, end in line.spans:
            self._shapes.append(
                Span(
                    id=EntityId(new_id()),
                    track=track.id,
                    stream=STREAM,
                    segment=self._segment.id,
                    start=start,
                    end=end,
                )
            )

    def _referring(self, line: Line) -> None:
        match line.id[:1]:
            case "R":
                source, target = (self._known(value) for _, value in line.arguments[:2])
                roles = {f"brat.role{n}": role for n, (role, _) in enumerate(line.arguments[:2], 1)}
                self._relation(line.kind, source, target, **roles)
            case "*":
                known = [self._known(value) for value in line.words]
                for source, target in pairwise(known):
                    self._relation(line.kind, source, target, **{EQUAL: True})
            case "E":
                track = self._track(line, **{EVENT: True})
                trigger = self._known(line.trigger)
                self._relation("trigger", track.id, trigger)
                for role, value in line.arguments:
                    self._relation(role, track.id, self._known(value))
            case "A" | "M":
                target = self._known(line.words[0])
                self._set(target, line.kind, " ".join(line.words[1:]) or True)
            case "N":
                self._set(self._known(line.words[0]), f"{line.kind}:{line.words[1]}", line.text)
            case "#":
                on = self._tracks.get(line.words[0]) if line.words else None
                remark = Remark(id=EntityId(new_id()), text=line.text, on=on.id if on else None)
                self._others.append(remark)

    def _known(self, name: str) -> EntityId:
        if name not in self._tracks:
            raise AtelierError(
                "import.unknown_label",
                f"Something points at {name}, which is not there; it was left out.",
                hint="Mend the label file.",
            )
        return self._tracks[name].id

    def _relation(self, kind: str, source: EntityId, target: EntityId, **held: Value) -> None:
        self._others.append(
            Relation(
                id=EntityId(new_id()),
                class_name=kind,
                source=source,
                target=target,
                attributes=attributes(**held),
            )
        )

    def _set(self, key: EntityId, name: str, value: Value) -> None:
        for label, track in self._tracks.items():
            if track.id == key:
                held = {**dict(track.attributes), name: value}
                self._tracks[label] = Track(
                    id=track.id, class_name=track.class_name, attributes=attributes(**held)
                )


def _written(item: WriteItem, losses: Losses) -> tuple[str, list[str]]:
    segments = sorted(
        (each for each in item.entities if isinstance(each, Segment)), key=lambda each: each.order
    )
    starts: dict[EntityId, int] = {}
    text = ""
    for number, segment in enumerate(segments):
        if number:
            text += "\n"
            losses.add("segment", "joined into one text")
        starts[segment.id] = len(text)
        text += segment.text
    names: dict[EntityId, str] = {}
    lines: list[str] = []
    spans: dict[EntityId, list[tuple[int, int]]] = {}
    for each in item.entities:
        if isinstance(each, Span):
            at = starts[each.segment]
            spans.setdefault(each.track, []).append((at + each.start, at + each.end))
    tracks = [each for each in item.entities if isinstance(each, Track)]
    for track in tracks:
        if found := sorted(spans.get(track.id, ())):
            names[track.id] = f"T{len(names) + 1}"
            offsets = ";".join(f"{start} {end}" for start, end in found)
            said = " ".join(text[start:end] for start, end in found).replace("\n", " ")
            lines.append(f"{names[track.id]}\t{_word(track.class_name, losses)} {offsets}\t{said}")
    relations = [each for each in item.entities if isinstance(each, Relation)]
    lines += _events(tracks, relations, names, losses)
    for relation in relations:
        held = dict(relation.attributes)
        source, target = names.get(relation.source), names.get(relation.target)
        if (source or "").startswith("E"):
            continue
        if source is None or target is None:
            losses.add("relation to something that brat cannot name")
        elif held.get(EQUAL):
            lines.append(f"*\t{_word(relation.class_name, losses)} {source} {target}")
        else:
            roles = (held.get("brat.role1", "Arg1"), held.get("brat.role2", "Arg2"))
            number = sum(line.startswith("R") for line in lines) + 1
            kind = _word(relation.class_name, losses)
            lines.append(f"R{number}\t{kind} {roles[0]}:{source} {roles[1]}:{target}")
    for track in tracks:
        for name, value in track.attributes:
            if name == EVENT or track.id not in names:
                continue
            number = sum(line.startswith("A") for line in lines) + 1
            said = "" if value is True else f" {value}"
            lines.append(f"A{number}\t{_word(name, losses)} {names[track.id]}{said}")
    for each in item.entities:
        if isinstance(each, Remark):
            number = sum(line.startswith("#") for line in lines) + 1
            on = names.get(each.on) if each.on else None
            lines.append(f"#{number}\tAnnotatorNotes {on or 'T0'}\t{each.text}")
        elif not isinstance(each, Track | Span | Segment | Relation):
            losses.add(str(each.__struct_config__.tag))
    return text, lines


def _events(
    tracks: list[Track], relations: list[Relation], names: dict[EntityId, str], losses: Losses
) -> list[str]:
    made: list[str] = []
    events = [track for track in tracks if dict(track.attributes).get(EVENT)]
    for number, track in enumerate(events, 1):
        names[track.id] = f"E{number}"
    for track in events:
        parts = [relation for relation in relations if relation.source == track.id]
        trigger = next((each for each in parts if each.class_name == "trigger"), None)
        if trigger is None:
            losses.add("event without trigger")
            continue
        arguments = [
            f"{each.class_name}:{names[each.target]}"
            for each in parts
            if each is not trigger and each.target in names
        ]
        head = f"{_word(track.class_name, losses)}:{names[trigger.target]}"
        made.append(f"{names[track.id]}\t{' '.join([head, *arguments])}")
    for track in tracks:
        if track.id not in names:
            losses.add(f"track without span ({track.class_name})")
    return made


def _word(name: str, losses: Losses) -> str:
    word = "_".join(name.split())
    if word != name:
        losses.add(f"spaces in the name {name!r}", "written as _")
    return word
