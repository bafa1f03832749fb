"""What is wrong with a file of points, said so that whoever has it knows what to do."""

from studio.domain.errors import AtelierError

AGAIN = "Copy it again from where it came, or write it again with the program that made it."
READ = "PCD, PLY, LAS, LAZ, E57, KITTI and nuScenes .bin, XYZ, CSV, NumPy and Feather files are read."


def unknown_kind(detail: str = "") -> AtelierError:
    """Nothing in the file says that it holds points."""
    return AtelierError(
        "cloud.unknown_kind",
        "The file is no point cloud that can be read, whatever its name says.",
        detail,
        READ,
    )


def bad_header(what: str, detail: str = "") -> AtelierError:
    """The header says what cannot be."""
    return AtelierError(
        "cloud.bad_header",
        f"The head of the file says what cannot be: {what}; its points were not read.",
        detail,
        AGAIN,
    )


def cut_short(promised: str, found: str) -> AtelierError:
    """Fewer bytes are there than the header promises."""
    return AtelierError(
        "cloud.cut_short",
        f"The file is cut short: its head promises {promised}, but {found}.",
        hint=AGAIN,
    )


def too_large(what: str) -> AtelierError:
    """More than the budget allows; nothing was allocated."""
    return AtelierError(
        "cloud.too_large",
        f"The file holds, or claims, {what}; it was not read.",
        hint="Cut it into smaller files, or raise the node's limit. If it is not that large, it is damaged.",
    )


def broken(what: str, detail: str = "") -> AtelierError:
    """The header holds, and what follows does not."""
    return AtelierError("cloud.broken", f"The points of the file cannot be read: {what}.", detail, AGAIN)


def empty(dropped: int) -> AtelierError:
    """No point has a place."""
    if dropped:
        said = f"None of the {dropped:,} points of the file has a place that is a number."
        return AtelierError("cloud.empty", said, hint=AGAIN)
    return AtelierError(
        "cloud.empty", "The file holds no points.", hint="Leave it out, or record the sweep again."
    )
