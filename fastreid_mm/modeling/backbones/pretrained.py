"""Pretrained weights from a local file, loaded safely."""

import os

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from fastreid_mm.errors import InputError, first_line
from fastreid_mm.safe_load import load_safely


def read_state_dict(path: str) -> dict[str, Tensor]:
    """Read a ``.safetensors`` or PyTorch file of named tensors, bare or under ``model`` or ``state_dict``.

    Raises:
        InputError: the file is missing, is not of such a kind, or would need code to be run to load it.
    """
    if not os.path.isfile(path):
        raise InputError(f"pretrained weights {path} do not exist")
    content = _load_safetensors(path) if path.endswith(".safetensors") else load_safely(path)
    for key in ("model", "state_dict"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise InputError(f"{path} does not hold named tensors")
    return content


def _load_safetensors(path: str) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise InputError(f"cannot read {path}: {first_line(error)}") from None


def load_matching(module: torch.nn.Module, state: dict[str, Tensor], source: str,
                  unused: tuple[str, ...] = ()) -> frozenset[str]:
    """Copy pretrained tensors into a module; every tensor of the module must be there, in its shape.

    Args:
        module: the network.
        state: named tensors.
        source: file or model name, for the error message.
        unused: prefixes of names in ``state`` that the network has no use for (a classifier).

    Returns:
        The names of the tensors copied.

    Raises:
        InputError: names the first tensors that are missing, unknown or of another shape.
    """
    state = {name: value for name, value in state.items() if not name.startswith(unused)} if unused else state
    own = module.state_dict()
    wrong = sorted(set(own) ^ set(state)) + [name for name in own
                                             if name in state and own[name].shape != state[name].shape]
    if wrong:
        raise InputError(f"weights of {source} do not fit the network: {len(wrong)} tensors differ, "
                         f"first {', '.join(wrong[:3])}")
    module.load_state_dict(state)
    return frozenset(state)
