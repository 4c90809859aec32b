#!/usr/bin/env python
"""Say how much CMT's compensated features could bring above frozen maps, if they were fitted in closed form.

    FASTREID_DATASETS=datasets python tools/benchmarks/linear_compensation.py --weights FILE [--seed 1] [--output DIR]

trains HCT as ``compare_methods.py cmt`` does, and predicts the centre of an identity's features in the other modality
(eq. 6-8 of the paper) from the features of each of its training images by ridge regression. Each line has the mAP of
what is predicted for test images alone, and added to their features (eq. 5), beside that of the features as they are.
"""

import argparse
from pathlib import Path

import torch
from comparison.experiments import EXPERIMENTS
from comparison.frozen import cached_maps
from comparison.runs import Runs
from comparison.training import build_above, features, train
from torch import Tensor

from fastreid_mm.data.build import build_dataset
from fastreid_mm.protocols import build_evaluator

PENALTIES = (10.0, 100.0, 1e3, 1e4, 1e5)


def translated(train: Tensor, targets: Tensor, modalities: Tensor, penalty: float, test: Tensor, of: Tensor) -> Tensor:
    """Predict the features of the modality that each test image lacks, (N, D) from (N, D).

    Args:
        train, targets, modalities: (M, D) features of the training images, and their (M,) labels.
        penalty: weight of the squared coefficients.
        test, of: (N, D) features, and their (N,) modalities.
    """
    made = torch.zeros_like(test)
    means = [train[modalities == modality].mean(0) for modality in (0, 1)]
    for modality in (0, 1):
        rows, other = modalities == modality, modalities != modality
        centers = torch.stack([train[other & (targets == target)].mean(0) for target in targets[rows]])
        x, y = train[rows] - means[modality], centers - means[1 - modality]
        weights = torch.linalg.solve(x.T @ x + penalty * torch.eye(x.shape[1]), x.T @ y)
        made[of == modality] = (test[of == modality] - means[modality]) @ weights + means[1 - modality]
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True, help="pretrained weights, for MODEL.BACKBONE.PRETRAIN_PATH")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("logs/comparison"))
    args = parser.parse_args()
    experiment = EXPERIMENTS["cmt"]
    cfg = Runs("cmt", experiment, args.output, args.weights).config(experiment.rows["HCT"], args.seed)
    maps = cached_maps(cfg, experiment.frozen, experiment.views, args.output / "cache")
    model = build_above(cfg, maps, experiment.frozen)
    train(cfg, model, maps)
    seen, tested = features(model, maps.train[:, 0], maps.train_labels), features(model, maps.test, maps.test_labels)
    evaluator = build_evaluator(cfg, build_dataset(cfg, cfg.DATASETS.TESTS[0]))
    labels = maps.train_labels["targets"], maps.train_labels["modalities"]
    print(f"as they are: {evaluator.ranked(tested)[experiment.setting]['mAP']:.1f}")
    for penalty in PENALTIES:
        made = translated(seen, *labels, penalty, tested, maps.test_labels["modalities"])
        alone, added = (evaluator.ranked(of)[experiment.setting]["mAP"] for of in (made, tested + made))
        print(f"penalty {penalty:g}: predicted alone {alone:.1f}, added {added:.1f}")


if __name__ == "__main__":
    main()
