"""Pretrained weights, from a local file or over the network, loaded safely."""

import logging
import os
from argparse import Namespace
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import timm
import torch
from huggingface_hub import constants, get_session, try_to_load_from_cache
from torch import Tensor

from fastreid_mm.common.checkpoint_match import fits
from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.find_weights import find_weights
from fastreid_mm.common.safe_load import load_safely, load_safetensors

KEY = "MODEL.BACKBONE.PRETRAIN_PATH"
"""The config key of a file with pretrained weights."""
torch.serialization.add_safe_globals([Namespace])  # timm's own trainings save their arguments, which are plain data
_SECONDS = 10  # to wait for a connection

logger = logging.getLogger("fastreid.mm")


def read_state_dict(path: str, own: Collection[str] = (), key: str = KEY) -> dict[str, Tensor]:
    """Read a network's tensors from a ``.safetensors`` or PyTorch file, and log where they were.

    They may be under any key (``model``, ``state_dict``, ``net``), behind one prefix (``module.``, ``base.``,
    ``backbone.``), and beside other parts, as a classifier: see :func:`find_weights`.

    Args:
        path: of the file.
        own: the names of the network that is to have them.
        key: the config key that gives the path.

    Raises:
        InputError: names the key; the file is missing or of another kind, code would have to be run to load it, or it
            has the network more than once.
    """
    with named_by_key(key):
        content = read_file(path)
    return state_in(content, path, own, key)


def state_in(content: object, path: str, own: Collection[str] = (), key: str = KEY) -> dict[str, Tensor]:
    """:func:`read_state_dict` of what a file held."""
    with named_by_key(key):
        found = find_weights(content, path, own)
    if found.told():
        logger.info(f"{key}: {path}: {found.told()}")
    return found.state


@contextmanager
def named_by_key(key: str = KEY) -> Iterator[None]:
    """Put a config key before the message of an :class:`InputError` that the block raises."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{key}: {error}") from None


def read_file(path: str) -> object:
    """Read what a file of weights holds. timm's own loader runs code from the file in its older versions.

    Raises:
        InputError: names the file that is missing, damaged or more than plain data.
    """
    if not os.path.isfile(path):  # noqa: PTH113  Path.is_file raises for a name that is too long
        raise InputError(f"{path} does not exist")
    if path.endswith(".safetensors"):
        return load_safetensors(path)
    return load_safely(path, advice="save its tensors alone")


def require_download(key: str, name: str) -> None:
    """Refuse at once to download weights without a network; timm's own attempt takes a minute.

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


def load_matching(module: torch.nn.Module, state: dict[str, Tensor], source: str) -> frozenset[str]:
    """Copy pretrained tensors into a module; every tensor of the module must be there, in its shape.

    Returns:
        The names of the tensors copied.

    Raises:
        InputError: names the first tensors that are missing, unknown or of another shape.
    """
    needed = module.state_dict()
    wrong = sorted(set(needed) ^ set(state)) + [
        name for name in needed if name in state and not fits(needed[name], state[name])
    ]
    if wrong:
        raise InputError(
            f"{KEY}: weights of {source} do not fit the network: {len(wrong)} tensors differ, "
            f"first {', '.join(wrong[:3])}"
        )
    module.load_state_dict(state)
    return frozenset(state)
