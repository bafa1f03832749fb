"""A node that writes the names of the modules it has loaded to `FOLDER/modules` when it gets SIGUSR1."""

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from studio.__main__ import main


def tell(*_: object) -> None:
    """Write them."""
    folder = Path(sys.argv[sys.argv.index("--folder") + 1])
    part = folder / "modules.part"
    part.write_text("\n".join(sorted(sys.modules)))
    part.rename(folder / "modules")


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, tell)
    sys.exit(main())
