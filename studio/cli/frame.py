"""What every subcommand shares: arguments, one JSON answer, and errors as plain sentences.

A subcommand is `run(argv) -> exit code`. It makes its `Parser`, raises `AtelierError` where something is
to mend, and ends with `answer`. `dispatch` is the door at which errors are caught and said.
"""

import argparse
import difflib
import gc
import importlib
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from studio.domain.errors import AtelierError
from studio.folders import state_folder

DONE = 0
FAULT = 1
TO_MEND = 2
INTERRUPTED = 130

Run = Callable[[list[str]], int]


class Parser(argparse.ArgumentParser):
    """Arguments of one subcommand; a wrong one raises `cli.usage` instead of printing a trace and leaving."""

    def __init__(self, name: str, summary: str, *, json: bool = True) -> None:
        super().__init__(prog=f"atelier {name}", description=summary, allow_abbrev=False)
        if json:
            self.add_argument(
                "--json",
                action="store_true",
                help="one JSON object as the last thing on stdout, also for an error",
            )

    def error(self, message: str) -> NoReturn:
        raise AtelierError(
            "cli.usage",
            f"`{self.prog}` was not understood: {message}.",
            hint=f"`{self.prog} --help` lists what it takes.",
        )


def answer(result: Any, *, as_json: bool, text: str = "") -> None:
    """Print a subcommand's result: `result` as one line of JSON, or `text` for a person.

    `result` is a dict or a struct; numbers that are not finite become null.
    """
    if as_json:
        try:
            line = msgspec.json.encode(result).decode()
        except UnicodeEncodeError:
            # a file name that is no Unicode: written with escapes, as JSON allows
            line = json.dumps(msgspec.to_builtins(result))
        print(line, flush=True)
    elif text:
        print(text, flush=True)


def dispatch(subcommands: Mapping[str, tuple[str, str]], argv: list[str]) -> int:
    """Run the subcommand that `argv` begins with and return its exit code; errors become sentences."""
    try:
        return _load(subcommands, argv[0])(argv[1:])
    except AtelierError as error:
        say_error(error, as_json="--json" in argv)
        return TO_MEND
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # the reader (`| head`) has gone; without this the interpreter complains again when it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as fault:  # noqa: BLE001  the last door: the trace goes to a file, the person gets a sentence
        say_error(_fault_of_ours(argv[0], fault), as_json="--json" in argv)
        return FAULT


def say_error(error: AtelierError, *, as_json: bool) -> None:
    """Message, detail and hint on stderr; under --json one object on stdout as well."""
    print(f"atelier: {error.message}", file=sys.stderr)
    for line in (error.detail, error.hint):
        if line:
            print(f"  {line}", file=sys.stderr)
    if as_json:
        body = {"code": error.code, "message": error.message, "detail": error.detail, "hint": error.hint}
        answer({"error": body}, as_json=True)


def _load(subcommands: Mapping[str, tuple[str, str]], name: str) -> Run:
    if name not in subcommands:
        near = difflib.get_close_matches(name, subcommands, n=1, cutoff=0.5)
        raise AtelierError(
            "cli.unknown_command",
            f"There is no command `atelier {name}`.",
            hint=f"Did you mean `atelier {near[0]}`?" if near else "`atelier --help` lists the commands.",
        )
    target, _ = subcommands[name]
    module, _, attribute = target.partition(":")
    # what imports make lives as long as the process: looking through it for garbage meanwhile, and at every
    # later look, is an eighth of a node's start
    gc.disable()
    try:
        run: Run = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as missing:
        raise AtelierError(
            "cli.part_missing",
            f"`atelier {name}` needs a part that is not installed here: {missing.name}.",
            hint="Run `make setup` in the checkout, or install the package's extras `studio` and `node`.",
        ) from missing
    finally:
        gc.freeze()
        gc.enable()
    return run


def _fault_of_ours(name: str, fault: Exception) -> AtelierError:
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", prefix=f"{name}-", suffix=".log", dir=log_folder(), delete=False
        ) as log:
            traceback.print_exception(fault, file=log)
        detail = f"The details are in {log.name}."
    except OSError as closed:
        traceback.print_exception(fault, file=sys.stderr)
        detail = f"The details are above; they could not be written to a file: {closed.strerror}."
    return AtelierError(
        "cli.fault",
        f"`atelier {name}` stopped on a fault of its own ({type(fault).__name__}). What was saved is safe.",
        detail=detail,
        hint="Please report it with that file.",
    )


def log_folder() -> Path:
    """Where faults of the command line are written; made when it is missing."""
    folder = state_folder() / "logs"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
