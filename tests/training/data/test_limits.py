"""What the program that opens people's files gives up: each is tried, and once without giving up."""

import subprocess
import sys

import pytest

TRIES = {
    "a socket": "import socket; socket.socket()",
    "another program": "import os; os.execv('/bin/true', ['true'])",
    "a child program": "import subprocess; subprocess.run(['/bin/true'], check=True)",
    "much memory": "bytearray(5 * 1024**3)",
    "a huge file": ("import os; f = os.fdopen(os.memfd_create('x'), 'wb'); f.truncate(4 * 1024**3)"),
    "many files": "held = [open('/dev/null') for _ in range(300)]",
    "looking into another process": (
        "import ctypes; libc = ctypes.CDLL(None, use_errno=True); "
        "assert libc.ptrace(16, 1, 0, 0) == 0 or ctypes.get_errno() != 1"
    ),
}
GIVEN_UP = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"


def done(code: str, *, limited: bool) -> bool:
    give_up = "from training.data.limits import give_up; give_up()\n" if limited else ""
    found = subprocess.run(
        [sys.executable, "-c", GIVEN_UP + give_up + code], stderr=subprocess.PIPE, check=False
    )
    return found.returncode == 0


@pytest.mark.parametrize("what", TRIES)
def test_it_is_refused_where_it_was_given_up_and_works_otherwise(what):
    assert not done(TRIES[what], limited=True)
    if what != "looking into another process":  # nobody but root may, limited or not
        assert done(TRIES[what], limited=False)


def test_pictures_can_still_be_opened(tmp_path):
    code = (
        "import io\nfrom PIL import Image\n"
        "data = io.BytesIO(); Image.new('RGB', (2000, 2000)).save(data, 'PNG')\n"
        "assert Image.open(io.BytesIO(data.getvalue())).convert('L').size == (2000, 2000)"
    )
    assert done(code, limited=True)
