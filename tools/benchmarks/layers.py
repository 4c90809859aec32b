#!/usr/bin/env python
"""Retrieve by the maps of each stage (each block of a ViT) of an untrained network, to see where to cut it.

    FASTREID_DATASETS=datasets python tools/benchmarks/layers.py --config-file configs/SYSU/agw.yml [KEY VALUE ...]

Maps are averaged over a grid of 4 x 2 places. A second time, every channel of that vector is standardized over the
images of its modality. Rank-1 and mAP of the first setting named all_search_10shot, or else of the first.
"""

import argparse

import torch
import torch.nn.functional as F
from fastreid.modeling import build_model
from torch import Tensor, nn

import fastreid_mm.methods  # noqa: F401  registers the architectures
from fastreid_mm.common.errors import one_line_errors
from fastreid_mm.data.build import build_dataset, build_test_loader
from fastreid_mm.modeling.backbones import ReIDViT
from fastreid_mm.protocols import build_evaluator
from fastreid_mm.settings.load import load_config, with_values

GRID = (4, 2)


@torch.no_grad()
def grids(model: nn.Module, images: Tensor) -> list[Tensor]:
    """(B, 3, H, W) images to the (B, C * 8) vector of every stage."""
    backbone, values, found = model.backbone, model.normalize(images), []
    if isinstance(backbone, ReIDViT):
        rows, columns = backbone.vit.patch_embed.grid_size
        values = backbone.vit.norm_pre(backbone.tokens(values))
        for block in backbone.vit.blocks:
            values = block(values)
            maps = values[:, backbone.prefix_tokens :].mT.unflatten(2, (rows, columns))
            found.append(F.adaptive_avg_pool2d(maps, GRID).flatten(1))
        return found
    for stage in (*backbone.streams[0], *backbone.rest):
        values = stage(values)
        found.append(F.adaptive_avg_pool2d(values, GRID).flatten(1))
    return found


def standardized(features: Tensor, modalities: Tensor) -> Tensor:
    """(N, D) features with mean zero and deviation one in the images of each modality."""
    made = torch.empty_like(features)
    for modality in modalities.unique():
        own = features[modalities == modality]
        made[modalities == modality] = (own - own.mean(0)) / (own.std(0) + 1e-3 * own.std())
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True)
    parser.add_argument("opts", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    with one_line_errors():
        cfg = with_values(load_config(args.config_file, args.opts), MODEL__HEADS__NUM_CLASSES=1)
        dataset = build_dataset(cfg, cfg.DATASETS.TESTS[0])
        evaluator, model = build_evaluator(cfg, dataset), build_model(cfg).eval()
    batches = [(batch["modalities"], grids(model, batch["images"])) for batch in build_test_loader(cfg, dataset)]
    modalities = torch.cat([labels for labels, _ in batches])
    print("| stage | channels | Rank-1 / mAP | standardized |\n| --- | --- | --- | --- |")
    for number, parts in enumerate(zip(*(made for _, made in batches)), 1):
        features = torch.cat(parts)
        cells = []
        for each in (features, standardized(features, modalities)):
            found = evaluator.ranked(each)
            chosen = found.get("all_search_10shot") or next(iter(found.values()))
            cells.append(f"{chosen['Rank-1']:.1f} / {chosen['mAP']:.1f}")
        print(f"| {number} | {features.shape[1] // (GRID[0] * GRID[1])} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
