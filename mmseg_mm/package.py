"""Packaging of a finished saliency training as a folder with its config, weights and model card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.model_card import Card
from fastreid_mm.common.package_folder import (
    last_tensors,
    read_results,
    read_run_json,
    require_new_folder,
    write_card,
    write_network,
)
from fastreid_mm.saliency.sod_report import REFERENCES, RESULTS, markdown_table
from mmseg_mm.load_config import load_config
from mmseg_mm.model_folder import IMPORTS, shared_config
from mmseg_mm.predictor import SaliencyPredictor
from mmseg_mm.trained_model import init_rgbd_model

_EXAMPLE = """from mmseg_mm import SaliencyPredictor

predictor = SaliencyPredictor("path/to/this/folder")  # on the Hugging Face hub: "hf://user/name"
maps = predictor([("image.jpg", "{modality}.png")])  # probabilities (H, W) at the size of each image"""

_COMMANDS = """mmseg-mm-predict images {modality} maps --weights path/to/this/folder
mmseg-mm-test path/to/this/folder
mmseg-mm-export path/to/this/folder network.onnx"""


def package_model(run: Path, output: Path, name: str = "", licence: str = "") -> None:
    """Write the folder of the network that a training has left, and load it once to see that it can be used.

    Tensors are those of the last checkpoint, bit for bit. The config loses paths and services of this machine.

    Args:
        run: ``work_dir`` of the training, which has ended.
        output: folder to make, which is empty if it exists.
        name: name of the network on its card; that of the folder if empty.
        licence: identifier of a licence for the card, such as apache-2.0.

    Raises:
        InputError: the training has not ended, a file of it cannot be read, its config cannot be shared, or the new
            folder has files in it.
    """
    require_new_folder(output)
    tensors = last_tensors(run, "state_dict")
    results = read_results(_newest(run, f"*/{RESULTS}"), run / REFERENCES)
    record, config = read_run_json(run / "run.json"), load_config(_newest(run, "*.py"), needs=("model",))
    shared = shared_config(config)
    write_network(output, tensors, shared)
    imports = shared.get("custom_imports", {}).get("imports", ())
    model = init_rgbd_model(output, options={IMPORTS: imports} if imports else None)
    modality = SaliencyPredictor(model).modality
    write_card(output, _card(config, modality, record, results, imports), name, licence)


def _newest(run: Path, pattern: str) -> Path:
    """Find the file that the last start of a training has written."""
    found = sorted(run.glob(pattern), key=lambda path: path.stat().st_mtime_ns)
    if not found:
        raise InputError(f"{run} has no {pattern}, is it of a training that has ended?")
    return found[-1]


def _card(config: Config, modality: str, record: Mapping[str, Any], results: dict, imports: object) -> Card:
    sets = ", ".join(results["trained"])
    option = f'--cfg-options {IMPORTS}="{imports}"' if imports else ""
    return Card(
        tags=("salient-object-detection", {"depth": "rgb-d", "thermal": "rgb-t"}[modality]),
        summary=f"{config.model.type} with {config.model.backbone.type}, tested on {sets}: the salient object in an "
        f"image with {'its depth' if modality == 'depth' else 'a thermal image'}.",
        example=_EXAMPLE.format(modality=modality),
        commands=_COMMANDS.format(modality=modality),
        code=option,
        measured="From 0 to 1, as PySODMetrics computes them; MAE is better the lower it is, all others the higher.",
        results=markdown_table(results),
        record=record,
    )
