"""Which templates there are, and the form of each: JSON Schema of its `Params`, made where it runs."""

import hashlib
import importlib.util
import tempfile
import threading
from pathlib import Path

import msgspec
from msgspec import Struct

from studio.domain.contracts.plugin import Plugin, installed_plugins, load_part, load_parts
from studio.domain.contracts.training import Sight, TrainingTemplate
from studio.domain.errors import AtelierError
from studio.domain.values import Value
from studio.domain.wire.training import Template
from training.data.files import replace_file
from training.environments.bounds import Bounds
from training.runs.child import Child, new_key
from training.runs.inside.atelier_wire import Specification
from training.runs.spawner import Spawner

_PATIENCE_S = 120.0
_making = threading.Lock()


class Form(Struct, frozen=True):
    """A template's parameters: the JSON Schema as bytes, and each one's default."""

    schema: bytes
    defaults: tuple[tuple[str, Value], ...]


def installed_templates() -> dict[str, TrainingTemplate]:
    """Every installed template by its name. Raises `plugin.broken`."""
    found: dict[str, TrainingTemplate] = {}
    for plugin in installed_plugins():
        for template in load_parts(plugin.templates):
            found[template.name] = template
    return found


def template_named(name: str) -> TrainingTemplate:
    """The template `name`. Raises `run.unknown_template`."""
    templates = installed_templates()
    if name not in templates:
        raise AtelierError(
            "run.unknown_template",
            f"There is no training template {name!r} on this node. Nothing was started.",
            hint=f"There are: {', '.join(sorted(templates)) or 'none'}.",
        )
    return templates[name]


def sight_of(template: str) -> Sight:
    """What a template's models see of an item. Raises `run.unknown_template`, `plugin.broken`."""
    known = template_named(template)
    for plugin in installed_plugins():
        if plugin.sight and any(each.name == known.name for each in load_parts(plugin.templates)):
            return _sight(plugin)
    raise _no_sight(
        f"The template {template!r} cannot be used: its plug-in does not say what its models see."
    )


def sight_of_kind(kind: str) -> Sight:
    """What models see of an item whose first stream is of this kind. Raises `plugin.broken`."""
    for plugin in installed_plugins():
        if plugin.sight and kind in plugin.streams:
            return _sight(plugin)
    raise _no_sight(f"No installed plug-in says what models see of data of the kind {kind!r}.")


def _sight(plugin: Plugin) -> Sight:
    part = load_part(plugin.sight)
    sight: Sight = part() if isinstance(part, type) else part
    return sight


def _no_sight(message: str) -> AtelierError:
    return AtelierError(
        "plugin.broken", message, hint="Update or uninstall the plug-in; your data is untouched."
    )


def file_of(template: TrainingTemplate) -> Path:
    """The template's one file, found without importing it. Raises `plugin.broken`."""
    spec = importlib.util.find_spec(template.module)
    if spec is None or not spec.origin:
        raise AtelierError(
            "plugin.broken",
            f"The template {template.name!r} cannot be used: {template.module} is not there.",
            hint="Update or uninstall its plug-in; your data is untouched.",
        )
    return Path(spec.origin)


def algorithm(template: TrainingTemplate) -> str:
    """What a run records: the template's name, version, and the first digits of its file's SHA-256."""
    digest = hashlib.sha256(file_of(template).read_bytes()).hexdigest()
    return f"{template.name}@{template.version}+{digest[:12]}"


def form(template: TrainingTemplate, spawner: Spawner, cache: Path) -> Form:
    """The template's parameters; made once for each version of its file, then read from `cache`.

    The node never imports a template: it is third parties' code, and it loads torch. Some seconds the
    first time. Raises `run.template_fault` and what starting an environment raises.
    """
    kept = cache / f"{algorithm(template)}.json"
    with _making:
        if not kept.is_file():
            replace_file(kept, _described(template, spawner))
    schema = kept.read_bytes()
    return Form(schema, _defaults(schema))


def on_the_wire(template: TrainingTemplate, made: Form) -> Template:
    """A template as people choose it."""
    return Template(
        name=template.name,
        title=template.title,
        description=template.description,
        modality=template.modality,
        parameters=made.schema,
        algorithm=algorithm(template),
        defaults=made.defaults,
    )


def _described(template: TrainingTemplate, spawner: Spawner) -> bytes:
    with tempfile.TemporaryDirectory(prefix="atelier-form-") as landing:
        told = Specification("parameters", run="", attempt=0, key=new_key(), template="")
        child = Child(
            spawner,
            f"form-{template.name}",
            told,
            template=file_of(template),
            reads={},
            bounds=Bounds(threads=1),
            landing=Path(landing),
            told=lambda message: None,
        )
        ending = child.wait(_PATIENCE_S)
        if ending is None:
            child.kill()
        answer = Path(landing) / "answer-0-parameters.json"
        if not answer.is_file():
            raise AtelierError(
                "run.template_fault",
                f"The template {template.name!r} could not be asked for its parameters.",
                detail=ending.detail or ending.message if ending else "no answer",
                hint="Update or uninstall its plug-in; your data is untouched.",
            )
        return answer.read_bytes()


def _defaults(schema: bytes) -> tuple[tuple[str, Value], ...]:
    decoded = msgspec.json.decode(schema)
    reference = decoded.get("$ref", "").rpartition("/")[2]
    properties = decoded.get("$defs", {}).get(reference, decoded).get("properties", {})
    return tuple((name, each["default"]) for name, each in properties.items() if "default" in each)
