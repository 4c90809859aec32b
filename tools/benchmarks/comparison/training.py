"""A run above frozen maps."""

import math
from collections import defaultdict
from collections.abc import Mapping
from statistics import mean

import torch
from fastreid.modeling import build_model
from torch import Tensor, nn
from yacs.config import CfgNode

from comparison.frozen import Maps, keep_trained
from fastreid_mm.common.random_streams import stream_words
from fastreid_mm.data.build import build_dataset, build_train_loader
from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.engine.setup import seed_everything
from fastreid_mm.modeling.contract import as_meta_architecture
from fastreid_mm.protocols import build_evaluator
from fastreid_mm.settings.load import with_values

Metrics = dict[str, float]


def build_above(cfg: CfgNode, maps: Maps, frozen: int) -> nn.Module:
    """Build the network of a config without its first stages, its weights drawn by ``SEED``."""
    seed_everything(cfg.SEED, 0, 0)
    model = build_model(with_values(cfg, MODEL__HEADS__NUM_CLASSES=maps.classes))
    keep_trained(model, frozen)
    return model


def train(cfg: CfgNode, model: nn.Module, maps: Maps) -> Metrics:
    """Train for ``SOLVER.MAX_EPOCH`` epochs: a warm-up of ``SOLVER.WARMUP_ITERS``, then a cosine to zero.

    Returns:
        The losses, means of the last epoch, and the identity loss of the first batch as "guess", as classifiers start
        near zero.

    Raises:
        SystemExit: a loss is not finite.
    """
    batches = build_train_loader(cfg)._loader.batch_sampler
    iterations = cfg.SOLVER.MAX_EPOCH * len(batches)
    as_meta_architecture(model, cfg.TEST.METRIC).set_training_length(iterations)
    optimizer, warm = build_optimizer(cfg, model), max(1, cfg.SOLVER.WARMUP_ITERS)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda i: min(1, (i + 1) / warm) * (1 + math.cos(math.pi * i / iterations)) / 2
    )
    model.train()
    guess = None
    for epoch in range(cfg.SOLVER.MAX_EPOCH):
        batches.set_epoch(epoch)
        values = defaultdict(list)
        for keys in batches:
            rows = [key[3] for key in keys]
            views = [stream_words(*key)[0] % maps.train.shape[1] for key in keys]
            losses = model(_batch(maps.train[rows, views], maps.train_labels, rows))
            for name, loss in losses.items():
                values[name].append(float(loss.detach()))
            guess = guess or values["loss_cls"][0]
            if not math.isfinite(sum(of[-1] for of in values.values())):
                raise SystemExit(f"{cfg.MODEL.META_ARCHITECTURE}, seed {cfg.SEED}: a loss is not finite, epoch {epoch}")
            optimizer.zero_grad()
            sum(losses.values()).backward()
            optimizer.step()
            schedule.step()
    return {name: mean(of) for name, of in values.items()} | {"guess": guess}


@torch.no_grad()
def test(cfg: CfgNode, model: nn.Module, maps: Maps, setting: str) -> Metrics:
    """Rank by the protocol of the test set; ``norm`` is the mean length of the features."""
    evaluator = build_evaluator(cfg, build_dataset(cfg, cfg.DATASETS.TESTS[0]))
    asked = as_meta_architecture(model, cfg.TEST.METRIC)
    evaluator.distance, evaluator.plain_features = asked.pairwise_distance, asked.plain_features
    tested = features(model, maps.test, maps.test_labels)
    found = {name: value for name, value in evaluator.ranked(tested)[setting].items() if isinstance(value, float)}
    return found | {"norm": float(tested.norm(dim=1).mean())}


@torch.no_grad()
def features(model: nn.Module, maps: Tensor, labels: Mapping[str, Tensor]) -> Tensor:
    """Compute the (N, D) features of (N, ...) maps in evaluation."""
    model.eval()
    return torch.cat([model(_batch(maps[part], labels, part)) for part in torch.arange(len(maps)).split(128)])


def _batch(maps: Tensor, labels: Mapping[str, Tensor], rows: list[int] | Tensor) -> dict:
    return {"images": maps.float()} | {key: value[rows] for key, value in labels.items()}
