"""`atelier train`, `evaluate` and `predict`: a template on a folder, without window and node."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from studio.cli.frame import DONE, Parser, answer
from studio.cli.reading import Found, read_folder
from studio.domain.contracts.formats import ReadItem
from studio.domain.contracts.plugin import installed_plugins, load_parts
from studio.domain.contracts.training import Judged, Judgement, Layer, Metric, Seen, Shown, Sight
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Track
from studio.domain.errors import AtelierError
from training.runs import alone
from training.runs.attempt import State
from training.runs.templates import sight_of, template_named


def run(argv: list[str]) -> int:
    """`atelier train --template T --data SRC [--set k=v ...] [--seed N] --out DIR [--json]`."""
    parser = Parser("train", "Train a template on a folder of labelled data.")
    parser.add_argument("--template", default="detect_boxes", help="what to train (%(default)s)")
    parser.add_argument("--data", type=Path, required=True, help="a folder of labelled data")
    parser.add_argument(
        "--format", default="", help="read it as this format instead of finding it by content"
    )
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same model")
    parser.add_argument(
        "--out", type=Path, required=True, help="where the model goes, into its folder `model`"
    )
    asked = parser.parse_args(argv)
    if asked.seed < 0:
        parser.error("--seed must not be negative")
    template = template_named(asked.template)
    found = read_folder(asked.data, asked.format)
    parameters = msgspec.json.encode(_parameters(parser, asked.set))
    trained = alone.train(template, asked.data, found, parameters, asked.seed, asked.out.absolute(), _tell)
    answer(trained, as_json=asked.json, text=_trained_text(trained))
    return DONE


def run_evaluate(argv: list[str]) -> int:
    """`atelier evaluate MODEL --data SRC [--json]`."""
    parser = Parser("evaluate", "Measure a model on what its training did not see of a folder.")
    parser.add_argument("model", type=Path, help="the folder `model` that `atelier train` made")
    parser.add_argument("--data", type=Path, required=True, help="a folder of labelled data")
    parser.add_argument(
        "--format", default="", help="read it as this format instead of finding it by content"
    )
    parser.add_argument("--split", default="", help="judge this part alone (else all but `train`)")
    asked = parser.parse_args(argv)
    alone.read_record(asked.model)
    found = read_folder(asked.data, asked.format)
    measured = judge_folder(asked.model, asked.data, found, asked.split)
    result = measured.result
    body: dict[str, Any] = {
        "metrics": dict(result.metrics),
        "per_class": {each.class_name: each for each in result.per_class},
        "slices": {each.name: each for each in result.slices},
        "threshold": result.threshold,
        "items": measured.items,
        "unreadable": measured.unreadable,
        "warnings": [f"{each.path}: {each.message}" for each in found.problems],
    }
    lines = [f"{name:12} {value:.4f}" for name, value in result.metrics]
    lines += [f"{each.class_name:12} {each.ap50:.4f}  ({each.labels} labelled)" for each in result.per_class]
    answer(body, as_json=asked.json, text="\n".join(lines))
    return DONE


def run_predict(argv: list[str]) -> int:
    """`atelier predict MODEL FILE... [--json]`."""
    parser = Parser("predict", "Let a model label files: pictures or sweeps.")
    parser.add_argument("model", type=Path, help="the folder `model` that `atelier train` made")
    parser.add_argument("files", type=Path, nargs="+", help="files of the kind that it was trained on")
    parser.add_argument("--threshold", type=float, default=0.0, help="leave out what scores less")
    asked = parser.parse_args(argv)
    sight = sight_of(alone.read_record(asked.model).template)
    views, errors = _views(sight, asked.files)
    seen = iter(alone.look(asked.model, views))
    pictures: list[dict[str, Any]] = []
    lines = []
    for file, error in zip(asked.files, errors, strict=True):
        found = None if error else next(seen)
        if found is None:
            error = error or "This file cannot be decoded."
            pictures.append({"file": str(file), "found": [], "error": error})
            lines.append(f"{file}: {error}")
            continue
        kept = [each for each in found if each.score >= asked.threshold]
        rows = [{"class": each.class_name, "score": each.score, sight.shape: each.shape} for each in kept]
        pictures.append({"file": str(file), "found": rows})
        lines += [f"{file}: {each.class_name} {each.score:.3f} {_rounded(each.shape)}" for each in kept]
    answer({"pictures": pictures}, as_json=asked.json, text="\n".join(lines))
    return DONE


def _views(sight: Sight, files: Sequence[Path]) -> tuple[list[bytes], list[str]]:
    """What a model is shown of each file that can be read, and of every file what is wrong with it."""
    views: list[bytes] = []
    errors: list[str] = []
    for file in files:
        _check_readable(file)
        try:
            views += [data for _, data in sight.views(alone.bare(file, sight.kinds[0]), 0, 1)]
            errors.append("")
        except AtelierError as error:
            errors.append(f"This file cannot be decoded. {error.message}")
    return views, errors


class Measured(Struct, frozen=True):
    """What a model was worth on part of a folder; `unreadable` names the items that cannot be decoded."""

    result: Judgement
    items: int
    unreadable: tuple[str, ...]


def judge_folder(model: Path, data: Path, found: Found, split: str) -> Measured:
    """Judge a model on the items of `split`, else on all that are not for training.

    Raises `import.nothing`, `model.unreadable`, `model.no_answer`, `sandbox.*`.
    """
    template = alone.read_record(model).template
    sight = sight_of(template)
    tree = FolderTree(data)
    told = [alone.shown(tree, each) for each in _chosen(found, split)]
    told = [each for each in told if each.streams and each.streams[0].kind in sight.kinds]
    if not told:
        raise AtelierError(
            "import.nothing",
            f"{data.name!r} has nothing that this model looks at in the part that was asked for.",
            hint="Leave --split out, or name a part that the data has.",
        )
    places: list[tuple[int, int]] = []
    unreadable: dict[int, str] = {}

    def views() -> Iterator[bytes]:
        for number, item in enumerate(told):
            try:
                for frame, view in sight.views(item, 0, item.streams[0].frames):
                    places.append((number, frame))
                    yield view
            except AtelierError:
                unreadable[number] = item.name

    seen: dict[int, list[tuple[int, list[Seen]]]] = {}
    for (number, frame), answered in zip(places, alone.look(model, views()), strict=True):
        if answered is None:
            unreadable[number] = told[number].name
        else:
            found_there = [(each.class_name, each.score, each.shape) for each in answered]
            seen.setdefault(number, []).append((frame, found_there))
    judged = [_judged(told[number], sight.layer(told[number], some)) for number, some in sorted(seen.items())]
    return Measured(
        _metric(template_named(template).modality).judge(judged, _classes(judged), 0.5),
        len(judged),
        tuple(unreadable[number] for number in sorted(set(unreadable) - set(seen))),
    )


def _parameters(parser: Parser, given: Sequence[str]) -> dict[str, Any]:
    """`NAME=VALUE` pairs; a value that reads as JSON is that, anything else is text."""
    values: dict[str, Any] = {}
    for each in given:
        name, equals, text = each.partition("=")
        if not equals or not name:
            parser.error(f"--set {each} is not NAME=VALUE")
        try:
            values[name] = msgspec.json.decode(text)
        except msgspec.DecodeError:
            values[name] = text
    return values


def _tell(state: State) -> None:
    """Progress goes to stderr, so that stdout holds the answer alone."""
    for line in state.lines:
        print(line.text, file=sys.stderr, flush=True)
    looked = [point for point in state.points if point.name == "map50"]
    if looked:
        last = looked[-1]
        left = "" if state.eta_s is None else f", about {state.eta_s:.0f} s left"
        print(
            f"epoch {int(last.epoch) + 1} of {state.epochs}: mAP@0.5 {last.value:.3f} on validation{left}",
            file=sys.stderr,
            flush=True,
        )


def _trained_text(trained: alone.Trained) -> str:
    figures = ", ".join(f"{name} {value:.4f}" for name, value in trained.metrics.items())
    return (
        f"{trained.model}\n{figures} on validation; {trained.cpu_seconds:.0f} s of processor time, "
        f"{trained.wall_seconds:.0f} s in all."
    )


def _chosen(found: Found, split: str) -> list[ReadItem]:
    if split:
        return [each for each in found.items if each.split == split]
    return alone.judged_part(found.items)


def _judged(item: Shown, layer: Layer) -> Judged:
    stream = item.streams[0]
    return Judged(
        item=item.name,
        name=item.name,
        labels=item.entities,
        predictions=layer.entities,
        scores=layer.scores,
        width=stream.width,
        height=stream.height,
        stream=stream.id,
        streams=item.streams,
        rendition=item.rendition,
    )


def _classes(judged: Sequence[Judged]) -> list[str]:
    """Every class that has a label, sorted."""
    return sorted({each.class_name for item in judged for each in item.labels if isinstance(each, Track)})


def _metric(modality: str) -> Metric:
    for plugin in installed_plugins():
        for part in load_parts(plugin.metrics):
            metric: Metric = part()
            if metric.modality == modality:
                return metric
    raise AtelierError(
        "cli.part_missing",
        f"No installed plug-in can judge {modality} models.",
        hint="Install the plug-in whose template made this one.",
    )


def _check_readable(file: Path) -> None:
    try:
        file.open("rb").close()
    except OSError as error:
        raise AtelierError(
            "import.not_found",
            f"The file {str(file)!r} cannot be read: {error.strerror}.",
            hint="Check the path.",
        ) from error


def _rounded(shape: tuple[float, ...]) -> str:
    return " ".join(f"{each:.1f}" for each in shape)
