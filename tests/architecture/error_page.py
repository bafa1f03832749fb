"""The documentation's page of error codes, made from the one table; `make docs` writes it."""

from studio.domain.error_codes import CODES
from tests.architecture.sources import ROOT

PAGE = ROOT / "docs" / "errors.md"


def page() -> str:
    """The page as it should be."""
    rows = "\n".join(f"| `{code}` | {meaning} |" for code, meaning in sorted(CODES.items()))
    return (
        "# Error codes\n\n"
        "Every refusal carries one of these codes beside its message and hint: in the window's details,\n"
        "in the problem documents of the node (RFC 9457), and under `--json` on the command line. This page\n"
        "is made from `studio/domain/error_codes.py` by `make docs`.\n\n"
        f"| code | what it means |\n|---|---|\n{rows}\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
