"""Training and test loaders in place of fast-reid's, which are wired to CUDA."""

import os

from fastreid.data.build import fast_batch_collator
from fastreid.data.datasets import DATASET_REGISTRY
from fastreid.data.datasets.bases import ImageDataset
from fastreid.data.samplers import InferenceSampler
from fastreid.data.transforms import build_transforms
from fastreid.utils import comm
from torch.utils.data import BatchSampler, DataLoader
from yacs.config import CfgNode

from fastreid_mm.data.channel_augmentation import ChannelAugmentation
from fastreid_mm.data.datasets import CrossModalityDataset
from fastreid_mm.data.device_loader import DeviceLoader
from fastreid_mm.data.host_batches import HOST_SAMPLERS, HostBatches
from fastreid_mm.data.image_set import ImageSet
from fastreid_mm.data.sampler import CrossModalityIdentitySampler
from fastreid_mm.errors import InputError


def build_dataset(cfg: CfgNode, name: str) -> ImageDataset:
    """A data set by its registered name, read from ``FASTREID_DATASETS`` (``datasets`` if unset).

    Raises:
        InputError: no data set has that name, or its files are not there.
    """
    try:
        dataset_class = DATASET_REGISTRY.get(name)
    except KeyError:
        raise InputError(f"DATASETS: no data set is called {name!r}") from None
    options = dataset_class.options(cfg) if issubclass(dataset_class, CrossModalityDataset) else {}
    root = os.getenv("FASTREID_DATASETS", "datasets")
    try:
        return dataset_class(root=root, **options)
    except RuntimeError as error:  # what the host's own data sets raise for a missing file
        raise InputError(f"data set {name}: {error}") from None


def build_train_loader(cfg: CfgNode) -> DeviceLoader:
    """The training loader of ``DATASETS.NAMES``; one pass is one epoch.

    Raises:
        InputError: see :func:`build_dataset` and :class:`CrossModalityIdentitySampler`.
    """
    items = []
    for name in cfg.DATASETS.NAMES:
        dataset = build_dataset(cfg, name)
        if cfg.DATASETS.COMBINEALL:
            dataset.combine_all()
        if comm.is_main_process():
            dataset.show_train()
        # identities of two data sets are different people even where their numbers agree
        items += [(item[0], f"{name}_{item[1]}", *item[2:]) for item in dataset.train]
    options = cfg.INPUT.CHANNEL_AUGMENTATION
    augment = ChannelAugmentation(options.PROB) if options.ENABLED else None
    samples = ImageSet(items, build_transforms(cfg, is_train=True), relabel=True, augment=augment)
    return _loader(cfg, samples, _train_batches(cfg, items))


def _train_batches(cfg: CfgNode, items: list[tuple]) -> CrossModalityIdentitySampler | HostBatches:
    name = cfg.DATALOADER.SAMPLER_TRAIN
    sizes = (items, cfg.SOLVER.IMS_PER_BATCH, cfg.DATALOADER.NUM_INSTANCE, max(cfg.SEED, 0))
    if name in HOST_SAMPLERS:
        return HostBatches(name, *sizes, world_size=comm.get_world_size())
    if name != "CrossModalityIdentitySampler":
        known = ", ".join(["CrossModalityIdentitySampler", *HOST_SAMPLERS])
        raise InputError(f"DATALOADER.SAMPLER_TRAIN {name!r} is not one of {known}")
    if any(len(item) < 4 for item in items):
        raise InputError(f"DATALOADER.SAMPLER_TRAIN {name} needs visible-infrared data sets, DATASETS.NAMES is "
                         f"{', '.join(cfg.DATASETS.NAMES)}")
    return CrossModalityIdentitySampler(*sizes, rank=comm.get_rank(), world_size=comm.get_world_size())


def build_test_loader(cfg: CfgNode, dataset: ImageDataset) -> DeviceLoader:
    """The loader of a data set's query images followed by its gallery images."""
    samples = ImageSet([*dataset.query, *dataset.gallery], build_transforms(cfg, is_train=False), relabel=False)
    batch_size = max(1, cfg.TEST.IMS_PER_BATCH // comm.get_world_size())
    return _loader(cfg, samples, BatchSampler(InferenceSampler(len(samples)), batch_size, drop_last=False))


def _loader(cfg: CfgNode, samples: ImageSet, batches) -> DeviceLoader:
    loader = DataLoader(samples, batch_sampler=batches, num_workers=cfg.DATALOADER.NUM_WORKERS,
                        collate_fn=fast_batch_collator, pin_memory=cfg.MODEL.DEVICE.startswith("cuda"))
    return DeviceLoader(loader, cfg.MODEL.DEVICE, seed=max(cfg.SEED, 0))
