"""Packaging of a finished training as a folder with its config, weights and model card, to be given to others."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save

from fastreid_mm.common.checkpoint_file import read_checkpoint
from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.model_folder import CARD, CONFIG, WEIGHTS, without_places
from fastreid_mm.common.output_place import make_folder
from fastreid_mm.common.used_folder import LAST
from fastreid_mm.common.whole_file import write_text, write_whole
from fastreid_mm.inference.model_card import Run, model_card
from fastreid_mm.inference.predictor import Predictor
from fastreid_mm.settings.imports import KEY


def package_model(run: Path, output: Path, name: str = "", licence: str = "") -> None:
    """Write the folder of the network that a training has left, and load it once to see that it can be used.

    Tensors are those of the last checkpoint, bit for bit. The config loses paths and devices of this machine.

    Args:
        run: ``OUTPUT_DIR`` of the training, which has ended.
        output: folder to make, which is empty if it exists.
        name: name of the network on its card; that of the folder if empty.
        licence: identifier of a licence for the card, such as apache-2.0.

    Raises:
        InputError: the training has not ended, a file of it cannot be read, or the new folder has files in it.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"{output} exists already: give the path of a new folder")
    checkpoint = run / _read(run / LAST, str.strip)
    tensors = read_checkpoint(str(checkpoint)).get("model")
    if not isinstance(tensors, dict):
        raise InputError(f"{checkpoint} is no checkpoint of a training: it has no 'model'")
    references = run / "references.json"
    results = {"trained": _read(run / "results.json", json.loads)}
    results |= _read(references, json.loads) if references.is_file() else {}
    record, config = _read(run / "run.json", json.loads), _read(run / CONFIG, yaml.safe_load)
    make_folder(output, "--output")
    alone = {key: tensor.clone(memory_format=torch.contiguous_format) for key, tensor in tensors.items()}
    content = save(alone, {"format": "pt"})  # save_file makes a file that only its owner can read
    write_whole(str(output / WEIGHTS), lambda part: Path(part).write_bytes(content))
    write_text(str(output / CONFIG), yaml.safe_dump(without_places(config)))
    predictor = Predictor(output, options=[KEY, str(config.get(KEY, []))])
    size = (output / WEIGHTS).stat().st_size
    card = model_card(name or output.name, licence, Run(predictor.cfg, predictor.modalities, record, results, size))
    write_text(str(output / CARD), card)


def _read(path: Path, parse: Callable[[str], Any]) -> Any:
    try:
        content = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{path} cannot be read, is it of a training that has ended? {first_line(error)}") from None
    if not content or (parse is not str.strip and not isinstance(content, dict)):
        raise InputError(f"{path} is not of a training of this package")
    return content
