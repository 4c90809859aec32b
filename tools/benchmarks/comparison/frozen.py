"""The frozen part of a network, whose maps are computed once, and what is trained above it."""

import hashlib
import json
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import torch
from fastreid.modeling import build_model
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.whole_file import write_whole
from fastreid_mm.data.build import build_dataset, build_test_loader, build_train_loader
from fastreid_mm.data.seeded_samples import drawing_from
from fastreid_mm.engine.setup import seed_everything
from fastreid_mm.modeling.backbones import ReIDViT
from fastreid_mm.modeling.backbones.stages import split
from fastreid_mm.modeling.backbones.two_stream import TwoStreamResNet
from fastreid_mm.settings.load import with_values

_BATCH = 64


class Maps(NamedTuple):
    """What the frozen part makes of a data set.

    Attributes:
        train: (N, views, ...) of the training images, each augmented in several ways.
        test: (Nq + Ng, ...) of the query images and the gallery.
        labels: of both, ``train_targets`` and so on, (N,) each.
        classes: how many identities there are in training.
    """

    train: Tensor
    test: Tensor
    labels: dict[str, Tensor]
    classes: int


class _Streams(nn.Module):
    """What is trained of a stream of aligned samples, under the name by which it is called."""

    def __init__(self, stages: nn.Sequential) -> None:
        super().__init__()
        self.stages = stages

    def forward_features(self, maps: Tensor) -> Tensor:
        return self.stages(maps)


def cached_maps(cfg: CfgNode, frozen: int, views: int, folder: Path) -> Maps:
    """The maps of the first stages (blocks, of a ViT) of a config's network on its training and test set.

    They are computed when they are first asked for, and kept.
    """
    backbone = cfg.MODEL.BACKBONE
    parts = {key: cfg[key] for key in ("INPUT", "DATASETS")} | {"frozen": frozen, "views": views}
    parts |= {"network": [backbone.RESNET.NAME, backbone.RESNET.STEM_RELU, backbone.VIT.NAME, backbone.STRIDE_SIZE]}
    parts |= {"weights": Path(backbone.PRETRAIN_PATH).name if backbone.PRETRAIN else "", "stride": backbone.LAST_STRIDE}
    parts |= {"pixels": [cfg.MODEL.PIXEL_MEAN, cfg.MODEL.PIXEL_STD]}
    parts |= {"specific": min(frozen, backbone.RESNET.SPECIFIC_STAGES)}
    name = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:12]
    path = folder / f"{name}.pth"
    if not path.is_file():
        maps = _compute(cfg, frozen, views)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(str(path), lambda part: torch.save(maps._asdict(), part))
    return Maps(**torch.load(path, mmap=True))


@torch.no_grad()
def _compute(cfg: CfgNode, frozen: int, views: int) -> Maps:
    loader = build_train_loader(with_values(cfg, SEED=0))
    samples = loader.dataset
    cfg = with_values(cfg, MODEL__HEADS__NUM_CLASSES=samples.num_classes)
    seed_everything(0)
    model = build_model(cfg)
    part = Frozen(model, frozen)

    def of(view: int) -> tuple[Tensor, dict[str, Tensor]]:
        maps, labels = [], []
        for rows in torch.arange(len(samples)).split(_BATCH):
            items = []
            for index in rows.tolist():
                with drawing_from(0, view, 0, index, 0):
                    items.append(samples[index])
            batch = {key: torch.stack([torch.as_tensor(i[key]) for i in items]) for key in _keys(items[0])}
            maps.append(part(batch).half())
            labels.append(batch)
        return torch.cat(maps), {key: torch.cat([batch[key] for batch in labels]) for key in _keys(labels[0])[1:]}

    made = [of(view) for view in range(views)]
    labels = {f"train_{key}": value for key, value in made[0][1].items()}
    test, test_labels = [], []
    for batch in build_test_loader(cfg, build_dataset(cfg, cfg.DATASETS.TESTS[0])):
        test.append(part(batch).half())
        test_labels.append(batch)
    labels |= {f"test_{key}": torch.cat([b[key] for b in test_labels]) for key in _keys(test_labels[0])[1:]}
    return Maps(torch.stack([maps for maps, _ in made], 1), torch.cat(test), labels, samples.num_classes)


def _keys(batch: dict) -> list[str]:
    return [key for key in ("images", "targets", "camids", "modalities") if key in batch]


class Frozen:
    """The first stages of a network, frozen.

    Args:
        model: with the network as its ``backbone``.
        count: how many stages, or blocks of a ViT.
    """

    def __init__(self, model: nn.Module, count: int) -> None:
        self.model, backbone = model, model.backbone
        self.stages = _first_stages(backbone, count)
        for stages in self.stages:
            stages.eval()

    def __call__(self, batch: dict) -> Tensor:
        """A batch to its maps, those of aligned samples (B, M, ...)."""
        images, backbone = self.model.normalize(batch["images"]), self.model.backbone
        if isinstance(backbone, ReIDViT):
            return self.stages[0](backbone.vit.norm_pre(backbone.tokens(images)))
        if isinstance(backbone, TwoStreamResNet):
            maps = None
            for index, stages in enumerate(self.stages):
                rows = batch["modalities"] == index
                if rows.any():
                    found = stages(images[rows])
                    maps = found.new_empty(len(images), *found.shape[1:]) if maps is None else maps
                    maps[rows] = found
            return maps
        return torch.stack([stages(images[:, index]) for index, stages in enumerate(self.stages)], 1)


def _first_stages(backbone: nn.Module, count: int) -> list[nn.Sequential]:
    if isinstance(backbone, ReIDViT):
        return [nn.Sequential(*backbone.vit.blocks[:count])]
    if isinstance(backbone, TwoStreamResNet):
        return [nn.Sequential(*islice([*stream, *backbone.rest], count)) for stream in backbone.streams]
    return [nn.Sequential(*islice(_stages(stream), count)) for stream in backbone.streams]


def _stages(network: nn.Module) -> list[nn.Module]:
    return list(split(network).values())


def keep_trained(model: nn.Module, count: int) -> None:
    """Take the first stages out of a model, so that it takes their maps in the place of images."""
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
        backbone.streams = nn.ModuleList(
            _Streams(nn.Sequential(*_stages(stream)[count:])) for stream in backbone.streams
        )
    model.pixel_mean, model.pixel_std = torch.zeros(1, 1, 1), torch.ones(1, 1, 1)
