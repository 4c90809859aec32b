"""Several processes compute the losses and gradients of one, for every method."""

import multiprocessing

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from fastreid.modeling import build_model
from torch import nn

import fastreid_mm.methods  # noqa: F401  registers
from fastreid_mm.engine.distributed import share_weights, unwrap, wrap
from tests.modeling.test_architectures import ARCHITECTURES, batch_of

WORLDS = (2, 4)
WITHOUT_DROPOUT = ("MODEL.BACKBONE.DROP_PATH_RATIO", 0.0, "MODEL.CMT.DROPOUT", 0.0)


def build(cfg):
    """A model in double precision, the same in every process."""
    torch.manual_seed(0)
    model = build_model(cfg)
    torch.Tensor.float = torch.Tensor.double  # where a model leaves mixed precision, float32 rounds at 1e-7
    model.set_training_length(3)
    for name, buffer in model.named_buffers():
        if "prototypes." in name:  # MUN has seen a batch, half of which enters its second
            buffer.copy_(torch.rand(buffer.shape) if name.endswith("memory") else 1)
    return model.double().train()


def outcome(model, batch):
    """Losses, gradients and buffers after a batch."""
    losses = model(batch)
    sum(losses.values()).backward()
    own = unwrap(model)
    gradients = {name: value.grad for name, value in own.named_parameters() if value.requires_grad}
    return {"losses": {name: loss.detach() for name, loss in losses.items()}} | {
        "gradients": gradients,
        "buffers": dict(own.named_buffers()),
    }


def share(batch, rank, world):
    """What a process has of a batch: its part of each modality, as the samplers cut it."""
    halves = batch["modalities"].bincount().tolist() if "modalities" in batch else [len(batch["targets"])]
    return {key: torch.cat([half.chunk(world)[rank] for half in value.split(halves)]) for key, value in batch.items()}


def compare(rank, folder):
    """One of four processes: every method with two of them, then with all."""
    torch.set_num_threads(1)
    for world in WORLDS:
        if rank >= world:
            continue
        dist.init_process_group("gloo", f"file://{folder}/meeting{world}", world_size=world, rank=rank)
        for name in ARCHITECTURES:
            cfg, batch, expected = torch.load(folder / name, weights_only=False)
            found = outcome(wrap(build(cfg)), share(batch, rank, world))
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-8, msg=f"{name}, {world} processes")
        layer = nn.BatchNorm2d(2).to(memory_format=torch.channels_last)
        nn.init.constant_(layer.weight, rank)
        layer.running_mean.fill_(rank)
        share_weights(layer)
        assert not layer.weight.any() and not layer.running_mean.any()
        dist.destroy_process_group()


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs four GPUs then")
def test_losses_gradients_and_statistics_are_those_of_one_process(tiny_cfg, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.float)  # put back in the end
    for name, base in ARCHITECTURES.items():
        cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *WITHOUT_DROPOUT, base=base)
        batch = batch_of(cfg)
        torch.save((cfg, batch, outcome(build(cfg), batch)), tmp_path / name)
    multiprocessing.set_forkserver_preload([__name__])
    mp.start_processes(compare, (tmp_path,), nprocs=max(WORLDS), start_method="forkserver")
