"""Packaging of a finished training as a folder with its config, weights and model card, to be given to others."""

from pathlib import Path

import yaml

from fastreid_mm.common.model_folder import CONFIG, without_places
from fastreid_mm.common.package_folder import (
    last_tensors,
    read_results,
    read_run_file,
    read_run_json,
    require_new_folder,
    write_card,
    write_network,
)
from fastreid_mm.inference.model_card import model_card
from fastreid_mm.inference.predictor import Predictor
from fastreid_mm.settings.config import KEY


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
    require_new_folder(output)
    tensors = last_tensors(run, "model")
    results = read_results(run / "results.json", run / "references.json")
    record, config = read_run_json(run / "run.json"), read_run_file(run / CONFIG, yaml.safe_load)
    write_network(output, tensors, without_places(config))
    predictor = Predictor(output, options=[KEY, str(config.get(KEY, []))])
    write_card(output, model_card(predictor.cfg, predictor.modalities, record, results), name, licence)
