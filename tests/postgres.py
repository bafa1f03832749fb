"""A PostgreSQL server for the tests: a real one, in a folder of its own, on a Unix socket alone."""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_names = itertools.count(1)


class Postgres:
    """A running server. Databases are made on it one a test, which is quicker than emptying one."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self.folder = folder

    def fresh_database(self) -> str:
        """The SQLAlchemy URL of a new, empty database."""
        name = f"test_{next(_names)}"
        at = ["-h", str(self.folder), "-U", "atelier"]
        # C: rows sort as they do on SQLite, whatever the machine's locale
        _run(self._programs / "createdb", *at, "-T", "template0", "-E", "UTF8", "--locale=C", name)
        return f"postgresql+psycopg://atelier@/{name}?host={self.folder}"


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server and stop it afterwards; nothing of it is left."""
    programs = _programs()
    owner = _owner()
    folder = Path(tempfile.mkdtemp(prefix="atelier-pg-"))
    try:
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        _run(programs / "initdb", "-D", data, "-U", "atelier", "-A", "trust", "--no-sync", as_user=owner)
        # that PostgreSQL survives a power cut is not ours to test; without fsync it is several times quicker
        given = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c max_connections=60"
        log = folder / "log"
        _run(programs / "pg_ctl", "-D", data, "-l", log, "-w", "-o", given, "start", as_user=owner)
        try:
            yield Postgres(programs, folder)
        finally:
            _run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop", as_user=owner)
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    assert on_path, "PostgreSQL's server is missing: `make setup` installs it"
    return Path(on_path).resolve().parent


def _owner() -> pwd.struct_passwd | None:
    """Whom the server runs as: it refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _run(*command: object, as_user: pwd.struct_passwd | None = None) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        user=None if as_user is None else as_user.pw_uid,
        group=None if as_user is None else as_user.pw_gid,
        extra_groups=None if as_user is None else [],
        cwd="/",
        stdin=subprocess.DEVNULL,
        # pg_ctl's server inherits these: a pipe that it holds open would never end
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if Path(str(command[0])).name != "pg_ctl" else subprocess.DEVNULL,
        timeout=60,
        text=True,
    )
    assert done.returncode == 0, f"{command[0]} failed: {done.stderr}"
