"""Every paper config trains: what it minimizes falls, and its features neither shrink nor become alike."""

import pytest
import torch
from fastreid.modeling import build_model

import fastreid_mm.methods  # noqa: F401  registers
from fastreid_mm.engine.schedule import build_optimizer
from tests.modeling.test_architectures import ARCHITECTURES, batch_of

STEPS = 25


def pictures(cfg):
    """A batch in which each identity has a picture of its own, seen with noise, and inverted in infrared."""
    batch = batch_of(cfg)
    images = batch["images"]
    pictures = torch.rand(5, *images.shape[1:])[batch["targets"]] * 255
    if "modalities" in batch:
        pictures = torch.where(batch["modalities"].view(-1, 1, 1, 1) == 1, 255 - pictures, pictures)
    return batch | {"images": 0.7 * pictures + 0.3 * images}


@torch.no_grad()
def contrast(model, batch):
    """How far a query tells the others apart: the deviation of its distances, and the length of features."""
    features = model.eval()(batch)
    distances = model.pairwise_distance(features, features)
    others = ~torch.eye(len(distances), dtype=torch.bool)
    rows = distances[others].view(len(distances), -1)
    return rows.std(1).mean(), features.norm(dim=1).mean()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_paper_config_trains(name, tiny_cfg):
    torch.manual_seed(0)
    cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, "SOLVER.WARMUP_ITERS", 0, base=ARCHITECTURES[name])
    model, batch = build_model(cfg), pictures(cfg)
    optimizer, totals = build_optimizer(cfg, model), []
    model.train()
    model(batch)
    start = contrast(model, batch)
    model.train()
    for _ in range(STEPS):
        losses = model(batch)
        total = sum(losses.values())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(float(total.detach()))
    assert sum(totals[-5:]) < 0.95 * sum(totals[:5])
    for before, after in zip(start, contrast(model, batch)):
        assert after > 0.5 * before
