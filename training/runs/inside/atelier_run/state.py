"""A checkpoint's bytes: safetensors for tensors, JSON for the rest; never pickle. Sealed with the run's key.

`state_dict()`s nest dicts and lists of tensors and plain values. A tensor is put aside under a number and its
place in the JSON holds that number; a dict is written as pairs, since an optimizer's keys are integers.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

import torch
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from safetensors.torch import load, save


def pack(state: dict[str, Any]) -> dict[str, bytes]:
    """The files of a state: `tensors.safetensors` and `rest.json`.

    Raises TypeError at a value of another kind.
    """
    tensors: dict[str, torch.Tensor] = {}
    rest = _put_aside(state, tensors)
    # safetensors refuses tensors that share memory, so each becomes its own
    own = {name: each.detach().clone(memory_format=torch.contiguous_format) for name, each in tensors.items()}
    return {"tensors.safetensors": save(own), "rest.json": json.dumps(rest).encode()}


def unpack(files: dict[str, bytes]) -> dict[str, Any]:
    """The state that `pack` made files of."""
    tensors = load(files["tensors.safetensors"])
    state = _bring_back(json.loads(files["rest.json"]), tensors)
    assert isinstance(state, dict)
    return state


def seal(files: Mapping[str, bytes], key: bytes, run: str) -> dict[str, bytes]:
    """The files as they may lie on a disk, each bound to its name and its run."""
    sealed = {}
    for name, data in files.items():
        nonce = os.urandom(12)
        sealed[name] = nonce + AESGCM(key).encrypt(nonce, data, _bound_to(run, name))
    return sealed


def unseal(files: Mapping[str, bytes], key: bytes, run: str) -> dict[str, bytes]:
    """What `seal` sealed."""
    return {
        name: AESGCM(key).decrypt(data[:12], data[12:], _bound_to(run, name)) for name, data in files.items()
    }


def _bound_to(run: str, name: str) -> bytes:
    return f"checkpoint:{run}:{name}".encode()


def _put_aside(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = value
        return {"tensor": name}
    if isinstance(value, dict):
        return {"dict": [[_put_aside(k, tensors), _put_aside(v, tensors)] for k, v in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_put_aside(each, tensors) for each in value]}
    if isinstance(value, list):
        return [_put_aside(each, tensors) for each in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a checkpoint cannot hold a {type(value).__name__}")


def _bring_back(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, list):
        return [_bring_back(each, tensors) for each in value]
    if isinstance(value, dict):
        if "tensor" in value:
            return tensors[value["tensor"]]
        if "tuple" in value:
            return tuple(_bring_back(each, tensors) for each in value["tuple"])
        return {_bring_back(k, tensors): _bring_back(v, tensors) for k, v in value["dict"]}
    return value
