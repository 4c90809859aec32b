"""Tests on SYSU-MM01-C, RegDB-C and the like: visible-infrared protocols with corrupted visible images, repeated."""

from typing import cast

from fastreid.data.datasets.bases import ImageDataset
from fastreid.evaluation import inference_on_dataset
from fastreid.utils import comm
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.data.build import build_corrupted_loader
from fastreid_mm.data.modalities import visible_places
from fastreid_mm.evaluation.results import Results, Settings, mean_results
from fastreid_mm.protocols.evaluator import FeatureCollector, RetrievalEvaluator


def corrupted_results(cfg: CfgNode, model: nn.Module, dataset: ImageDataset, evaluator: RetrievalEvaluator) -> Results:
    """Test on corrupted visible images, ``TEST.CORRUPTION.REPETITIONS`` times.

    Only the visible images go through the network again, once in each repetition.

    Args:
        cfg: the config.
        model: the model that makes the features, as in the test of clean images.
        dataset: the test set.
        evaluator: the evaluator of that set, after :meth:`RetrievalEvaluator.evaluate`.

    Returns:
        "NAME-C" with the mean and "NAME-C_deviation" with the sample standard deviation of every metric over the
        repetitions, both described by a "corruption"; empty on all processes but the first.
    """
    options, places = cfg.TEST.CORRUPTION, visible_places(dataset)
    repetitions: list[Results] = []
    for repetition in range(options.REPETITIONS):
        visible = inference_on_dataset(model, build_corrupted_loader(cfg, dataset, repetition), FeatureCollector())
        if comm.is_main_process():
            features = cast(Tensor, evaluator.features).clone()
            features[places] = visible
            repetitions.append({"-C": evaluator.ranked(features)})
    if not repetitions:
        return {}
    frost = "photographs of frost" if options.FROST else "drawn frost"
    drawn = f"of {options.REPETITIONS} repetitions, seed {options.SEED}, {frost}"
    mean, deviation = (part["-C"] for part in mean_results(repetitions))
    return {
        f"{evaluator.name}-C": _with_corruption(mean, f"mean {drawn}"),
        f"{evaluator.name}-C_deviation": _with_corruption(deviation, f"standard deviation {drawn}"),
    }


def _with_corruption(settings: Settings, corruption: str) -> Settings:
    return {setting: {**metrics, "corruption": corruption} for setting, metrics in settings.items()}
