"""Making of the folder of a trained network from the files that a training has left, of either host."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from fastreid_mm.common.checkpoint_file import read_checkpoint
from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.model_card import Card, card_text
from fastreid_mm.common.model_folder import CARD, CONFIG, WEIGHTS
from fastreid_mm.common.output_place import make_folder
from fastreid_mm.common.plain_yaml import plain_yaml
from fastreid_mm.common.used_folder import LAST
from fastreid_mm.common.whole_file import write_text, write_whole


def require_new_folder(output: Path) -> None:
    """Refuse the path of a folder to make if anything is there, but for an empty folder.

    Raises:
        InputError: names the folder.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"{output} exists already: give the path of a new folder")


def last_tensors(run: Path, key: str) -> Mapping[str, Tensor]:
    """Read the weights of the last checkpoint of a training, also if its folder was moved.

    Args:
        run: folder of the training.
        key: entry of the checkpoint that holds them.

    Raises:
        InputError: the training has left no checkpoint, or one that cannot be used.
    """
    checkpoint = run / Path(read_run_file(run / LAST, str.strip)).name
    tensors = read_checkpoint(str(checkpoint)).get(key)
    if not isinstance(tensors, Mapping):
        raise InputError(f"{checkpoint} is no checkpoint of a training: it has no {key!r}")
    return tensors


def read_run_json(path: Path) -> dict[str, Any]:
    """Read a JSON file of a training, see :func:`read_run_file`."""
    return read_run_file(path, json.loads)


def read_results(trained: Path, references: Path) -> dict[str, Any]:
    """Read the results of a training by name: "trained", and those of a file of references if there is one."""
    results = {"trained": read_run_json(trained)}
    return results | read_run_json(references) if references.is_file() else results


def read_run_file(path: Path, parse: Callable[[str], Any]) -> Any:
    """Read a file of a training that has ended: text, by ``str.strip``, or a mapping.

    Raises:
        InputError: names the file that cannot be read, or is empty or no mapping.
    """
    try:
        content = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{path} cannot be read, is it of a training that has ended? {first_line(error)}") from None
    if not content or (parse is not str.strip and not isinstance(content, dict)):
        raise InputError(f"{path} is not of a training of this package")
    return content


def write_network(output: Path, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> None:
    """Make the folder with a network's weights, bit for bit, and its config."""
    from safetensors.torch import save

    text = plain_yaml(config)
    make_folder(output, "--output")
    alone = {key: tensor.clone(memory_format=torch.contiguous_format) for key, tensor in tensors.items()}
    content = save(alone, {"format": "pt"})  # save_file makes a file that only its owner can read
    write_whole(str(output / WEIGHTS), lambda part: Path(part).write_bytes(content))
    write_text(str(output / CONFIG), text)


def write_card(output: Path, card: Card, name: str, licence: str) -> None:
    """Add the card of a network to its folder.

    Args:
        output: the folder, with the weights in it.
        card: the contents.
        name: the title; the folder's name if empty.
        licence: identifier of the licence; left out if empty.
    """
    write_text(str(output / CARD), card_text(card, name or output.name, licence, (output / WEIGHTS).stat().st_size))
