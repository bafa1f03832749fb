"""`python -m resources.sample FOLDER`: write the sample, in a process of its own so that no window waits.

Says a line before each page: how much is written (0 to 1), and what comes.
"""

import sys
from pathlib import Path

from resources.sample.recipe import write_sample


def main() -> None:
    """Write into the folder that is named."""
    write_sample(Path(sys.argv[1]), say=_say)


def _say(share: float, what: str) -> None:
    sys.stdout.write(f"{share:.3f} {what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
