"""Pretrained weights, from a local file or over the network, loaded safely."""

import os
from argparse import Namespace

import timm
import torch
from huggingface_hub import constants, get_session, try_to_load_from_cache
from safetensors.torch import load_file
from timm.models import clean_state_dict
from torch import Tensor

from fastreid_mm.errors import InputError, first_line
from fastreid_mm.safe_load import load_safely

KEY = "MODEL.BACKBONE.PRETRAIN_PATH"
"""The config key of a file with pretrained weights."""
_HOLDERS = ("state_dict_ema", "model_ema", "state_dict", "model")
"""Under which of a file's keys the tensors are: averaged ones first, as timm takes them."""
torch.serialization.add_safe_globals([Namespace])  # timm's own trainings save their arguments, which are plain data
_SECONDS = 10  # to wait for a connection


def read_state_dict(path: str) -> dict[str, Tensor]:
    """Read named tensors from a ``.safetensors`` or PyTorch file.

    The tensors may be under ``model`` or ``state_dict``, or averaged ones under ``model_ema`` or ``state_dict_ema``,
    and have a ``module.`` prefix. Of a checkpoint of fast-reid's, the backbone is taken.

    Raises:
        InputError: the file is missing or of another kind, or code would have to be run to load it.
    """
    require_file(path)
    content = _read(path)
    if isinstance(content, dict):
        content = next((content[key] for key in _HOLDERS if content.get(key) is not None), content)
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise InputError(f"{KEY}: {path} does not hold named tensors")
    state, prefix = clean_state_dict(content), "backbone."
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)} or state


def _read(path: str) -> object:
    """What a file holds. timm's own loader runs code from the file in its older versions."""
    try:
        return load_file(path) if path.endswith(".safetensors") else load_safely(path, advice="save its tensors alone")
    except InputError as error:
        raise InputError(f"{KEY}: {error}") from None
    except Exception as error:  # of a damaged .safetensors
        raise InputError(f"{KEY}: cannot read {path}: {first_line(error)}") from None


def require_file(path: str) -> None:
    """Refuse a file of pretrained weights that does not exist.

    Raises:
        InputError: names key and path.
    """
    if not os.path.isfile(path):  # noqa: PTH113  Path.is_file raises for a name that is too long
        raise InputError(f"{KEY}: {path} does not exist")


def require_download(key: str, name: str) -> None:
    """Refuse at once to download weights without a network; timm's own attempt takes a minute.

    Args:
        key: the config key that gives the name.
        name: a network of timm's, with its tag.

    Raises:
        InputError: names both, and the alternatives. It is not raised if the weights are on this machine already.
    """
    source = timm.get_pretrained_cfg(name, allow_unregistered=False)
    if source is None or not source.hf_hub_id or constants.HF_HUB_OFFLINE:
        return  # timm says what is wrong with the name, or without waiting that the weights are not here
    files = (source.hf_hub_filename,) if source.hf_hub_filename else ("model.safetensors", "pytorch_model.bin")
    if any(isinstance(try_to_load_from_cache(source.hf_hub_id, file), str) for file in files):
        return
    try:
        get_session().head(constants.ENDPOINT, timeout=_SECONDS)
    except Exception as error:  # of whichever library it makes its requests with
        raise InputError(
            f"{key} {name}: its pretrained weights cannot be downloaded ({first_line(error)}); give a "
            f"local file in {KEY}, or start from random weights with MODEL.BACKBONE.PRETRAIN False"
        ) from None


def load_matching(
    module: torch.nn.Module, state: dict[str, Tensor], source: str, unused: tuple[str, ...] = ()
) -> frozenset[str]:
    """Copy pretrained tensors into a module; every tensor of the module must be there, in its shape.

    Args:
        module: the network.
        state: named tensors.
        source: file or model name, for the error message.
        unused: prefixes of names in ``state`` that the network does not need (those of a classifier).

    Returns:
        The names of the tensors copied.

    Raises:
        InputError: names the first tensors that are missing, unknown or of another shape.
    """
    state = {name: value for name, value in state.items() if not name.startswith(unused)} if unused else state
    needed = module.state_dict()
    wrong = sorted(set(needed) ^ set(state)) + [
        name for name in needed if name in state and needed[name].shape != state[name].shape
    ]
    if wrong:
        raise InputError(
            f"{KEY}: weights of {source} do not fit the network: {len(wrong)} tensors differ, "
            f"first {', '.join(wrong[:3])}"
        )
    module.load_state_dict(state)
    return frozenset(state)
