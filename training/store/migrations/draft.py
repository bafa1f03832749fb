"""For whoever changes a table: `python -m training.store.migrations.draft NUMBER "What it does"`.

Writes the step from the newest one to what the modules of `training.store` say now; read it before you
commit it, and raise `NEWEST`.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from training.store.migrations import upgrade
from training.store.schema import load_tables


def main(number: str, message: str) -> None:
    """Write `versions/NUMBER_...py`."""
    load_tables()
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'newest.db'}")
        with engine.begin() as connection:
            upgrade(connection)
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent))
            config.attributes["connection"] = connection
            written = command.revision(config, message, autogenerate=True, rev_id=number)
        engine.dispose()
    step = Path(written.path)  # type: ignore[union-attr]
    step.write_text("".join(line for line in step.open() if "###" not in line))


if __name__ == "__main__":
    main(*sys.argv[1:])
