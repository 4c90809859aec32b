#!/usr/bin/env python
"""Measure how each loss acts on the backbone: its value, the norm of its gradient there, and the gradient's direction.

python tools/benchmarks/loss_gradients.py --config-file configs/demo/mun.yml [--batches 8] [MODEL.WEIGHTS FILE ...]

Share is the norm of a loss's gradient over the norm of the gradient of all losses together; cosine is between the
loss's gradient and that of all OTHER losses: below zero the loss works against them. The numbers are means over
batches of the training set; the network is in training mode and is not changed. For visible-infrared methods, a second
table is about the features in testing: their norm before any normalization, and their distances, as the network
compares them, within an identity across modalities, and between identities.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from statistics import mean

import torch
from fastreid.modeling import build_model
from torch import Tensor, nn

import fastreid_mm.methods  # noqa: F401  registers the architectures
from fastreid_mm.common.errors import one_line_errors
from fastreid_mm.data.build import build_train_loader
from fastreid_mm.engine.checkpoint import SafeCheckpointer
from fastreid_mm.engine.setup import seed_everything
from fastreid_mm.evaluation.query_adaptive_feature import QueryAdaptiveFeature
from fastreid_mm.modeling.contract import as_meta_architecture
from fastreid_mm.settings.load import load_config, with_values


def gradients(model: nn.Module, batch: dict) -> Iterator[tuple[str, float, Tensor]]:
    """Give the name, the value and the gradient (P,) on the backbone's trained parameters of every loss of a batch."""
    backbone = [parameter for parameter in model.backbone.parameters() if parameter.requires_grad]
    losses = model(batch)
    for name, loss in losses.items():
        parts = torch.autograd.grad(loss, backbone, retain_graph=True, allow_unused=True)
        flat = [(torch.zeros_like(p) if g is None else g).flatten() for g, p in zip(parts, backbone)]
        yield name, loss.item(), torch.cat(flat)


def compare(model: nn.Module, batches: list[dict]) -> dict[str, dict[str, float]]:
    """Compute each loss's mean value, gradient norm, share and cosine."""
    collected = defaultdict(lambda: defaultdict(list))
    for batch in batches:
        names, values, each = zip(*gradients(model, batch))
        whole = torch.stack(each).sum(0)
        for name, value, gradient in zip(names, values, each):
            numbers = {
                "value": value,
                "gradient": float(gradient.norm()),
                "share": float(gradient.norm() / whole.norm()),
                "cosine": float(torch.cosine_similarity(gradient, whole - gradient, dim=0)),
            }
            for key, number in numbers.items():
                collected[name][key].append(number)
    return {name: {key: mean(values) for key, values in of.items()} for name, of in collected.items()}


@torch.no_grad()
def spreads(model: nn.Module, batches: list[dict], metric: str = "cosine") -> dict[str, float]:
    """Compute the norm of features, and mean distances within identities across modalities, and between identities.

    Of query-adaptive features (CMT), the norm is that of the complete representations. The metric is used for models
    that do not define a distance.
    """
    numbers, tested = defaultdict(list), as_meta_architecture(model, metric)
    for batch in batches:
        features, targets, modalities = model(batch), batch["targets"], batch["modalities"]
        distances = tested.pairwise_distance(features, features)
        parts = tested.query_adaptive_parts
        vectors = QueryAdaptiveFeature.unpack(features, parts).complete.flatten(1) if parts else features
        same = targets[:, None] == targets
        numbers["norm"].append(float(vectors.norm(dim=1).mean()))
        numbers["same identity, other modality"].append(
            float(distances[same & (modalities[:, None] != modalities)].mean())
        )
        numbers["other identity"].append(float(distances[~same].mean()))
    return {name: mean(values) for name, values in numbers.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of the losses, and below it the numbers of the features."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True)
    parser.add_argument("--batches", type=int, default=8)
    parser.add_argument("opts", nargs=argparse.REMAINDER)
    args = parser.parse_args(arguments)
    with one_line_errors():
        cfg = load_config(args.config_file, args.opts)
        loader = build_train_loader(cfg)
        cfg = with_values(cfg, MODEL__HEADS__NUM_CLASSES=loader.dataset.num_classes)
        seed_everything(max(cfg.SEED, 0), 0, 0)
        model = build_model(cfg)
        SafeCheckpointer(model).load(cfg.MODEL.WEIGHTS, checkpointables=[])
    loader.set_epoch(0)
    batches = list(islice(loader, args.batches))
    print("| loss | value | gradient | share | cosine |\n| --- | --- | --- | --- | --- |")
    for name, of in compare(model.train(), batches).items():
        print(f"| {name} | {of['value']:.3f} | {of['gradient']:.3f} | {of['share']:.3f} | {of['cosine']:+.3f} |")
    if "modalities" in batches[0]:  # an aligned sample has all modalities
        for name, value in spreads(model.eval(), batches, cfg.TEST.METRIC).items():
            print(f"{name}: {value:.3f}")


if __name__ == "__main__":
    main()
