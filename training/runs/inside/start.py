"""What a closed environment starts: it reads its specification, loads the one template, and carries it out.

python -I start.py OUT_FD IN_FD SPECIFICATION_FD
"""

import importlib.util
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import cv2
import msgspec
import torch
from atelier_run.data import picture
from atelier_run.link import Link
from atelier_run.run import Model, Run
from atelier_run.stop import Cancelled, Paused, Refused
from atelier_wire import Answered, Ended, Failed, Found, Hello, Predictions, Specification


def main(out_fd: int, in_fd: int, specification_fd: int) -> int:
    """Carry out the specification; what stops it is said before the end."""
    with os.fdopen(specification_fd, "rb") as handle:
        told = msgspec.msgpack.decode(handle.read(), type=Specification)
    torch.set_num_threads(told.threads)
    # not `use_deterministic_algorithms`: that one imports the compiler, 4 s of CPU time for nothing used here
    torch.set_deterministic_debug_mode("error")
    cv2.setNumThreads(0)
    link = Link(told, out_fd, in_fd)
    try:
        template = _load(told.template)
        if told.task == "parameters":
            _describe(template, told, link)
        elif told.task == "predict":
            link.send(Hello(told.attempt))
            _predict(template, told, link)
        else:
            link.send(Hello(told.attempt))
            _train(template, told, link)
    except Refused as refused:
        link.send(Failed(refused.code, refused.message, refused.hint))
    except MemoryError:
        link.send(
            Failed(
                "run.out_of_memory",
                "The training was stopped: it needs more memory than it may take.",
                "Choose a smaller picture size or batch, or give the node more memory.",
            )
        )
    except Exception as error:  # noqa: BLE001  the last door inside: the node hears what the template did
        trace = traceback.format_exc()[-50_000:]
        said = f"The template stopped on a fault of its own ({type(error).__name__}: {error})."
        link.send(Failed("run.template_fault", said[:2_000], "The log has the trace.", trace))
    link.finish()
    return 0


def _load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("template", path)
    if spec is None or spec.loader is None:
        raise Refused("run.template_fault", f"The template {path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules["template"] = module
    spec.loader.exec_module(module)
    return module


def _describe(template: ModuleType, told: Specification, link: Link) -> None:
    """JSON Schema of the template's parameters, as the answer to question 0."""
    schema = msgspec.json.schema(template.Params)
    link.send_files("answer", 0, [("parameters.json", msgspec.json.encode(schema))])
    link.send(Answered(0))


def _train(template: ModuleType, told: Specification, link: Link) -> None:
    try:
        parameters = msgspec.json.decode(told.parameters, type=template.Params)
    except msgspec.ValidationError as wrong:
        raise Refused(
            "run.bad_parameters", f"A parameter is not allowed: {wrong}.", "Correct it and start again."
        ) from wrong
    torch.manual_seed(told.seed)
    try:
        model: Model = template.train(Run(told, link), parameters)
    except Paused:
        link.send(Ended("paused"))
    except Cancelled:
        link.send(Ended("cancelled"))
    else:
        link.send(Ended("done", [(name, float(value)) for name, value in model.metrics.items()]))


def _predict(template: ModuleType, told: Specification, link: Link) -> None:
    predictor: Any = template.load(Path(told.model))
    decode = getattr(template, "decode", picture)  # a template that says nothing else looks at pictures
    while (ask := link.asked.get()) is not None:
        views = [decode(each) for each in ask.views]
        found = iter(predictor.predict([each for each in views if each is not None]))
        answer = Predictions(
            [None if view is None else [_found(each) for each in next(found)] for view in views]
        )
        data = msgspec.msgpack.encode(answer)
        link.send_files("answer", ask.number, [("predictions", data)])
        link.send(Answered(ask.number))


def _found(each: Any) -> Found:
    return each if isinstance(each, Found) else Found(*each)


if __name__ == "__main__":
    sys.exit(main(*(int(each) for each in sys.argv[1:4])))
