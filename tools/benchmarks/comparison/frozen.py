"""The frozen part of a network, whose maps are computed once, and what is trained above it."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import torch
from fastreid.modeling import build_model
from torch import Tensor, nn
from torch.utils.data import default_collate
from yacs.config import CfgNode

from fastreid_mm.common.whole_file import write_whole
from fastreid_mm.data.build import build_dataset, build_test_loader, build_train_loader
from fastreid_mm.data.seeded_samples import drawing_from
from fastreid_mm.engine.setup import seed_everything
from fastreid_mm.modeling.backbones import ReIDViT
from fastreid_mm.modeling.backbones.stages import split
from fastreid_mm.modeling.backbones.two_stream import TwoStreamResNet
from fastreid_mm.settings.load import with_values

_LABELS = ("targets", "camids", "modalities")


class Maps(NamedTuple):
    """Maps that the frozen part makes of a data set.

    Attributes:
        train: (N, views, ...) of the training images, each augmented in several ways.
        test: (Nq + Ng, ...) of the query images and the gallery.
        train_labels, test_labels: labels of batches, (N,) each.
        classes: the number of identities in training.
    """

    train: Tensor
    test: Tensor
    train_labels: dict[str, Tensor]
    test_labels: dict[str, Tensor]
    classes: int


def cached_maps(cfg: CfgNode, frozen: int, views: int, folder: Path) -> Maps:
    """Read the maps of the first stages (blocks, of a ViT) of a config's network, or compute and keep them."""
    backbone = cfg.MODEL.BACKBONE
    parts = [frozen, views, cfg.INPUT, cfg.DATASETS, cfg.MODEL.PIXEL_MEAN, cfg.MODEL.PIXEL_STD, backbone.VIT.NAME]
    parts += [backbone.PRETRAIN and Path(backbone.PRETRAIN_PATH).name, backbone.STRIDE_SIZE, backbone.LAST_STRIDE]
    parts += [backbone.RESNET.NAME, backbone.RESNET.STEM_RELU, min(frozen, backbone.RESNET.SPECIFIC_STAGES)]
    path = folder / f"{hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:12]}.pth"
    if not path.is_file():
        maps = _compute(cfg, frozen, views)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(str(path), lambda part: torch.save(maps._asdict(), part))
    return Maps(**torch.load(path, mmap=True))


@torch.no_grad()
def _compute(cfg: CfgNode, frozen: int, views: int) -> Maps:
    samples = build_train_loader(with_values(cfg, SEED=0)).dataset
    seed_everything(0)
    part = Frozen(build_model(with_values(cfg, MODEL__HEADS__NUM_CLASSES=samples.num_classes)), frozen)
    made = [_maps(part, _augmented(samples, view)) for view in range(views)]
    test, test_labels = _maps(part, build_test_loader(cfg, build_dataset(cfg, cfg.DATASETS.TESTS[0])))
    train = torch.stack([maps for maps, _ in made], 1)
    return Maps(train, test, made[0][1], test_labels, samples.num_classes)


def _augmented(samples: torch.utils.data.Dataset, view: int) -> Iterator[dict]:
    for rows in torch.arange(len(samples)).split(64):
        items = []
        for index in rows.tolist():
            with drawing_from(0, view, 0, index, 0):
                item = samples[index]
            items.append({key: torch.as_tensor(item[key]) for key in ("images", *_LABELS) if key in item})
        yield default_collate(items)


def _maps(part: "Frozen", batches: Iterable[dict]) -> tuple[Tensor, dict[str, Tensor]]:
    made = [(part(batch).half(), {key: batch[key] for key in _LABELS if key in batch}) for batch in batches]
    return torch.cat([maps for maps, _ in made]), {key: torch.cat([of[key] for _, of in made]) for key in made[0][1]}


class Frozen:
    """The first stages of a network.

    Args:
        model: with the network as its ``backbone``; its BatchNorm keeps the statistics it has.
        count: the number of stages, or of blocks of a ViT.
    """

    def __init__(self, model: nn.Module, count: int) -> None:
        self.model, backbone = model.eval(), model.backbone
        if isinstance(backbone, ReIDViT):
            every = [backbone.vit.blocks]
        elif isinstance(backbone, TwoStreamResNet):
            every = [[*stream, *backbone.rest] for stream in backbone.streams]
        else:
            every = [split(stream).values() for stream in backbone.streams]
        self.stages = [nn.Sequential(*islice(stages, count)) for stages in every]

    def __call__(self, batch: dict) -> Tensor:
        """Compute the maps of a batch, those of aligned samples (B, M, ...)."""
        images, backbone = self.model.normalize(batch["images"]), self.model.backbone
        if isinstance(backbone, ReIDViT):
            return self.stages[0](backbone.vit.norm_pre(backbone.tokens(images)))
        if isinstance(backbone, TwoStreamResNet):
            rows = [(batch["modalities"] == index).nonzero()[:, 0] for index in range(len(self.stages))]
            maps = [stages(images[row]) for stages, row in zip(self.stages, rows) if len(row)]
            return torch.cat(maps)[torch.cat(rows).argsort()]
        return torch.stack([stages(images[:, index]) for index, stages in enumerate(self.stages)], 1)


class _Stream(nn.Sequential):
    """Stages of a network of timm that are trained, under the name by which the network is called."""

    forward_features = nn.Sequential.forward


def keep_trained(model: nn.Module, count: int) -> None:
    """Take the first stages out of a model, which takes their maps in the place of images from then on."""
    backbone = model.backbone
    if isinstance(backbone, ReIDViT):
        backbone.vit.blocks = backbone.vit.blocks[count:]
        backbone.vit.norm_pre = nn.Identity()
        backbone.tokens = lambda tokens: tokens
    elif isinstance(backbone, TwoStreamResNet):
        specific = len(backbone.streams[0])
        backbone.streams = nn.ModuleList(
            stream[count:] if count < specific else nn.Identity() for stream in backbone.streams
        )
        backbone.rest = backbone.rest[max(0, count - specific) :]
    else:
        backbone.streams = nn.ModuleList(_Stream(*[*split(stream).values()][count:]) for stream in backbone.streams)
    model.pixel_mean, model.pixel_std = torch.zeros(1, 1, 1), torch.ones(1, 1, 1)
