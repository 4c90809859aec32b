"""Folder with pictures of a trained model's behaviour, and the page that shows them."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from fastreid_mm.common.checkpoint_file import read_checkpoint
from fastreid_mm.common.whole_file import write_text
from fastreid_mm.evaluation.results import Results
from fastreid_mm.inference.predictor import Predictor
from fastreid_mm.visualization.page import Picture, page
from fastreid_mm.visualization.parts import PARTS
from fastreid_mm.visualization.shown_set import ShownSet, shown_sets
from fastreid_mm.visualization.style import save
from fastreid_mm.visualization.training_curves import draw_training_curves, read_metrics

logger = logging.getLogger("fastreid.mm")

TRAINING = "training"
"""Name of the part about the training run, the only one that is not about a test set."""
NAMES = (*PARTS, TRAINING)
"""Names of all parts."""


def write_report(predictor: Predictor, config_name: str, output: Path, parts: Sequence[str] = NAMES) -> Path:
    """Test a model once, and write the pictures and ``index.html``.

    Args:
        predictor: predictor with the config and the model.
        config_name: name of the config on the page.
        output: folder of the report, made if it does not exist.
        parts: some of :data:`NAMES`.

    Returns:
        The path of the page.

    Raises:
        InputError: a test set cannot be read or does not fit the model, or ``metrics.json`` is damaged.
    """
    output.mkdir(parents=True, exist_ok=True)
    results, sets = shown_sets(predictor.cfg, predictor.model)
    pictures = [picture for shown in sets for picture in _pictures_of(shown, output, parts, len(sets) > 1)]
    if TRAINING in parts:
        pictures += _training_curves(Path(predictor.cfg.MODEL.WEIGHTS).parent, output)
    path = output / "index.html"
    write_text(str(path), page(f"Report on {config_name}", _facts(predictor, config_name), results, pictures))
    for line in compared(results):
        print(line)
    return path


def compared(results: Mapping[str, Results]) -> list[str]:
    """Say for the first setting of each data set what trained and untrained network and chance reach.

    Args:
        results: results by name, the model's first, as :func:`shown_sets` returns them.
    """
    lines = []
    for dataset, settings in next(iter(results.values())).items():
        setting = next(iter(settings))
        numbers = [
            f"{name} {of_one[dataset][setting]['Rank-1']:.1f} / {of_one[dataset][setting]['mAP']:.1f}"
            for name, of_one in results.items()
            if dataset in of_one and "Rank-1" in of_one[dataset][setting]
        ]
        lines += [f"{dataset}, {setting.replace('_', ' ')}, Rank-1 / mAP: {', '.join(numbers)}"] if numbers else []
    return lines


def _pictures_of(shown: ShownSet, output: Path, parts: Sequence[str], several: bool) -> list[Picture]:
    pictures = []
    for name, part in PARTS.items():
        if name in parts:
            file = f"{name}_{shown.evaluator.name}.png"
            part.draw(shown, output / file)
            title = f"{part.title}: {shown.evaluator.name}" if several else part.title
            pictures.append(Picture(file, title, part.caption))
    return pictures


def _training_curves(run: Path, output: Path) -> list[Picture]:
    """Draw the curves of ``metrics.json`` beside the checkpoint, if there is such a file."""
    if not (run / "metrics.json").is_file():
        logger.warning(f"No curves of training: there is no metrics.json in {run}")
        return []
    save(draw_training_curves(read_metrics(run / "metrics.json")), output / "training.png")
    return [Picture("training.png", "Training", "Losses, and the results of tests in between; smoothed as in the log.")]


def _facts(predictor: Predictor, config_name: str) -> dict[str, str]:
    cfg = predictor.cfg
    seed = read_checkpoint(cfg.MODEL.WEIGHTS, cfg.MODEL.TRUST_WEIGHTS).get("seed", "unknown")
    return {
        "config": config_name,
        "method": cfg.MODEL.META_ARCHITECTURE,
        "checkpoint": cfg.MODEL.WEIGHTS,
        "seed of training": str(seed),
        "trained on": ", ".join(cfg.DATASETS.NAMES),
        "tested on": ", ".join(cfg.DATASETS.TESTS),
        "modalities": " + ".join(predictor.modalities) or "visible and infrared",
        "missing in the test": ", ".join(cfg.TEST.MISSING) or "none",
    }
