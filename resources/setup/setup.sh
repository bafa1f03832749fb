#!/usr/bin/env bash
# Builds .venv with everything that the studio, the node and the tests need; does nothing when nothing changed.
#
# System packages come through apt where this runs as root, and are named otherwise. The interpreter is one that
# every user of the machine can read: training runs under another user, which has to start the same Python.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

here=resources/setup
venv=.venv
stamp=$venv/.ready

say() { printf 'setup: %s\n' "$*"; }

inputs_digest() {
    cat pyproject.toml "$here/constraints.txt" "$here/apt.txt" "$here/setup.sh" | sha256sum | cut -d' ' -f1
}

is_current() {
    [[ -f $stamp && "$(head -n 1 "$stamp")" == "$1" ]] && "$venv/bin/python" -c 'import studio' 2>/dev/null
}

missing_packages() {
    grep -v '^#' "$here/apt.txt" | while read -r name; do
        dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || echo "$name"
    done
}

install_system_packages() {
    if ! command -v dpkg-query >/dev/null; then
        say "this is no Debian or Ubuntu: install what matches these packages: $(grep -v '^#' "$here/apt.txt" | xargs)"
        return
    fi
    local missing
    missing=$(missing_packages | xargs)
    [[ -n $missing ]] || return 0
    if [[ $EUID -ne 0 ]]; then
        say "these system packages are missing; ask for them, or run:"
        say "  sudo apt-get install --no-install-recommends $missing"
        return
    fi
    say "installing system packages: $missing"
    export DEBIAN_FRONTEND=noninteractive
    local apt=(apt-get -q -o DPkg::Lock::Timeout=500 -o Acquire::Retries=3)
    # the lists are asked for only where an install without them fails: they cost more than most packages
    # shellcheck disable=SC2086
    "${apt[@]}" install -y --no-install-recommends $missing >/dev/null 2>&1 \
        || { "${apt[@]}" update >/dev/null && "${apt[@]}" install -y --no-install-recommends $missing >/dev/null; }
}

# Succeeds for a Python >= 3.11 that can make virtual environments; with `readable`, whose files other users can reach.
fits() {
    "$1" - "${2:-}" 2>/dev/null <<'PYTHON'
import ensurepip, os, stat, sys, venv
from pathlib import Path
everyone = stat.S_IXOTH
homes = [Path(os.path.realpath(sys.base_prefix)), Path(os.path.realpath(sys.executable))]
open_to_all = all(part.stat().st_mode & everyone for home in homes for part in (home, *home.parents))
raise SystemExit(not (sys.version_info >= (3, 11) and (open_to_all or sys.argv[1] != "readable")))
PYTHON
}

choose_python() {
    local name
    for wish in readable any; do
        for name in ${ATELIER_PYTHON:-} /usr/bin/python3 /usr/local/bin/python3 python3.13 python3.12 python3.11 python3; do
            if command -v "$name" >/dev/null && fits "$name" "$wish"; then
                [[ $wish == readable ]] || say "no interpreter here can be read by other users: training will refuse to run" >&2
                command -v "$name"
                return
            fi
        done
    done
    say "Python 3.11 or newer with its venv module is missing: install python3 and python3-venv" >&2
    return 1
}

build_venv() {
    "$venv/bin/python" -c 'import pip' 2>/dev/null || {
        local python
        python=$(choose_python)
        say "building $venv with $python"
        rm -rf "$venv"
        "$python" -m venv "$venv"
    }
    rm -f "$stamp"
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_NO_WARN_SCRIPT_LOCATION=1
    local install=("$venv/bin/python" -m pip install -q --no-compile --prefer-binary -c "$here/constraints.txt")
    "${install[@]}" -U pip setuptools
    say "installing Python packages (8 GB on disk; the first time takes minutes)"
    # setuptools warns at length that an editable install is one
    PYTHONWARNINGS=ignore "${install[@]}" --no-build-isolation -e '.[studio,node,dev]'
}

# Byte code for what every process loads. pip would compile all 60,000 files on one core, and a closed
# environment sees the packages read-only: what is not compiled now is compiled anew at each of its starts.
compile_used() {
    say "compiling what is loaded most"
    "$venv/bin/python" -c 'import torch, torchvision, onnxruntime, onnx, cv2, safetensors.torch, faster_coco_eval' &
    local node=$!
    "$venv/bin/python" -c 'import PySide6.QtWidgets, fastapi, uvicorn, sqlalchemy, alembic.command, dbos, httpx, sklearn.datasets'
    wait "$node"
}

digest=$(inputs_digest)
if is_current "$digest"; then
    exit 0
fi
started=$SECONDS
install_system_packages
build_venv
compile_used
echo "$digest" >"$stamp"
say "ready after $((SECONDS - started)) s; atelier is $venv/bin/atelier"
