"""The `atelier` command: it names the subcommands and loads only the one that was asked for."""

import sys

# name -> (import string of `run(argv) -> exit code`, what it is for). Nothing of ours is imported before it
# is needed: `atelier node` must never load Qt, `atelier studio` never torch, and `--help` neither.
SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "studio": ("studio.shell.main:run", "open the window, with a node of its own or on a node you name"),
    "node": ("training.main:run", "run a node: the data, the training and the releases"),
    "demo": ("studio.demo.main:run", "walk the whole loop in the real window, with a guide"),
    "doctor": ("studio.cli.doctor:run", "say what this machine lacks and how to mend it"),
    "inspect": ("studio.cli.inspect:run", "say what a file or folder of labelled data holds"),
    "convert": ("studio.cli.convert:run", "write labelled data in another format, with a loss report"),
    "train": ("training.cli.train:run", "train a template on a folder, without window and node"),
    "evaluate": ("training.cli.train:run_evaluate", "measure a model on a folder"),
    "predict": ("training.cli.train:run_predict", "let a model label files"),
    "audit": ("training.cli.audit:run", "verify a node's audit log"),
    "backup": ("training.cli.backup:run_backup", "copy a node's data to a folder, consistently"),
    "restore": ("training.cli.backup:run_restore", "bring a backup back to life"),
    "recovery-key": (
        "training.cli.recovery:run",
        "write a node's recovery key to a file that you keep elsewhere",
    ),
    "hand-in": ("studio.cli.hand_in:run", "give a node a journal that its studio cannot send any more"),
    "bench": ("studio.cli.bench:run", "print every measured ratio, ours and the reference in one run"),
}


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand and return its exit code: 0 done, 1 a fault of ours, 2 something to mend.

    Without a name it opens the studio.
    """
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] in (["-h"], ["--help"], ["help"]):
        print(usage())
        return 0
    if arguments[:1] == ["--version"]:
        from studio import __version__

        print(f"atelier {__version__}")
        return 0
    from studio.cli.frame import dispatch

    return dispatch(SUBCOMMANDS, arguments or ["studio"])


def usage() -> str:
    """The page that `atelier --help` prints."""
    width = max(map(len, SUBCOMMANDS))
    lines = [f"  {name:<{width}}  {purpose}" for name, (_, purpose) in SUBCOMMANDS.items()]
    return "\n".join(
        [
            "usage: atelier [COMMAND] [--help] ...",
            "",
            "Label data, train models, see where they are wrong and release better ones.",
            "",
            *lines,
            "",
            "`atelier COMMAND --help` says more; without a command the studio opens. With --json the last",
            "thing on stdout is one JSON object, also for an error; what you can mend ends with exit code 2.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
