"""Folder of a trained network that can be given to others: its config, its weights and a model card."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastreid_mm.common.errors import InputError, first_line, require_packages

CONFIG, WEIGHTS, CARD = "config.yaml", "model.safetensors", "README.md"
"""Names of the files of the folder: the config, the weights, and the model card."""
HUB = "hf://"
"""Beginning of the name of a folder on the Hugging Face hub."""
OF_A_PLACE = (
    *("OUTPUT_DIR", "TRACKING", "KD"),
    *("MODEL.DEVICE", "MODEL.WEIGHTS", "MODEL.TRUST_WEIGHTS", "MODEL.BACKBONE.PRETRAIN_PATH"),
)
"""Keys and sections that a folder does not decide: files, devices and accounts of a machine, and whom it trusts."""

_ON_HUB = re.compile(rf"{HUB}([\w.-]+/[\w.-]+?)(?:@([\w./-]+))?/?")


def is_model_folder(name: str | os.PathLike) -> bool:
    """Tell whether a name is that of a folder, on this machine or on the hub, not of a config or checkpoint."""
    return str(name).startswith(HUB) or (bool(str(name)) and os.path.isdir(os.path.expanduser(name)))


def find_model_folder(name: str | os.PathLike) -> Path:
    """Find the folder of a trained network, and download it if it is on the hub.

    Args:
        name: the path of a folder, ``hf://user/name``, or ``hf://user/name@revision`` for a branch, tag or commit.
            Downloads are kept in the hub's cache, which also serves without a network (``HF_HUB_OFFLINE=1``).

    Raises:
        InputError: the folder lacks its config or weights, or cannot be downloaded.
    """
    folder = _download(str(name)) if str(name).startswith(HUB) else Path(name).expanduser()
    missing = [file for file in (CONFIG, WEIGHTS) if not (folder / file).is_file()]
    if missing:
        raise InputError(f"{name} is no folder of a trained network: it has no {' and no '.join(missing)}")
    return folder


def weights_file(name: str | os.PathLike) -> str:
    """Return the path of the weights in a model folder; the name of anything else stays as it is."""
    return str(find_model_folder(name) / WEIGHTS) if is_model_folder(name) else str(name)


def without_places(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Copy the content of a config without :data:`OF_A_PLACE`."""
    return {
        key: without_places(value, f"{prefix}{key}.") if isinstance(value, Mapping) else value
        for key, value in config.items()
        if f"{prefix}{key}" not in OF_A_PLACE
    }


def _download(name: str) -> Path:
    match = _ON_HUB.fullmatch(name)
    if match is None:
        raise InputError(f"{name} is not {HUB}user/name or {HUB}user/name@revision")
    require_packages("fastreid", "huggingface_hub")
    from huggingface_hub import snapshot_download

    try:  # these files alone: nothing else in a repository is of use
        return Path(snapshot_download(match[1], revision=match[2], allow_patterns=[CONFIG, WEIGHTS, CARD]))
    except Exception as error:  # of whichever library it makes its requests with
        raise InputError(f"{name} cannot be downloaded: {type(error).__name__}: {first_line(error)}") from None
