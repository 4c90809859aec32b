"""Training and test loaders in place of fast-reid's, which are wired to CUDA."""

from collections.abc import Callable

from fastreid.data.datasets.bases import ImageDataset
from fastreid.data.samplers import InferenceSampler
from fastreid.utils import comm
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, Sampler
from yacs.config import CfgNode

from fastreid_mm.common.data_root import data_root
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.read_image import PixelRule, look_ahead
from fastreid_mm.common.stopping import leave_stopping_to_the_trainer
from fastreid_mm.data.aligned_set import AlignedSet
from fastreid_mm.data.augmentation import batch_augmentation
from fastreid_mm.data.channel_augmentation import ChannelAugmentation
from fastreid_mm.data.datasets import AlignedDataset, CrossModalityDataset
from fastreid_mm.data.device_loader import DeviceLoader
from fastreid_mm.data.host_batches import HOST_SAMPLERS, HostBatches
from fastreid_mm.data.image_set import ImageSet
from fastreid_mm.data.item_set import ItemSet
from fastreid_mm.data.items import Item, as_items, query_and_gallery
from fastreid_mm.data.modalities import aligned_modalities, dataset_class, missing_modalities, visible_places
from fastreid_mm.data.sampler import CrossModalityIdentitySampler
from fastreid_mm.data.seeded_samples import SeededBatches, SeededSamples
from fastreid_mm.data.thermal_inversion import ThermalInversion
from fastreid_mm.data.transforms import build_transforms, reader, without_draws

_BY_MODALITY: dict[str, Callable[[float], Callable[[Tensor, int], Tensor]]] = {
    "THERMAL_INVERSION": ThermalInversion,
    "CHANNEL_AUGMENTATION": ChannelAugmentation,
}
"""Augmentations that depend on the modality, by their section of ``INPUT``, in the order in which they are applied."""


def build_dataset(cfg: CfgNode, name: str) -> ImageDataset:
    """Build a data set by its registered name, from the folder ``FASTREID_DATASETS`` (``datasets`` if unset).

    Raises:
        InputError: no data set has that name, its files are missing, or the config does not suit it.
    """
    kind = dataset_class(name)
    options = kind.options(cfg) if issubclass(kind, (CrossModalityDataset, AlignedDataset)) else {}
    try:
        dataset = kind(root=data_root(), **options)
    except (RuntimeError, AssertionError, OSError) as error:  # of the host's own data sets, for a missing file
        raise InputError(f"data set {name}: {error}") from None
    missing_modalities(cfg, dataset)  # refuses wrong names now, not when testing begins
    return dataset


def build_train_loader(cfg: CfgNode) -> DeviceLoader:
    """Build the training loader of ``DATASETS.NAMES``; one pass is one epoch.

    Raises:
        InputError: see :func:`build_dataset`, :func:`aligned_modalities` and :class:`CrossModalityIdentitySampler`.
    """
    modalities = aligned_modalities(cfg)
    items: list[Item] = []
    for name in cfg.DATASETS.NAMES:
        dataset = build_dataset(cfg, name)
        if cfg.DATASETS.COMBINEALL:
            dataset.combine_all()
        if comm.is_main_process():
            dataset.show_train()
        # identities of two data sets are different people even if their numbers are equal
        items += [item._replace(pid=f"{name}_{item.pid}") for item in as_items(dataset.train)]
    samples = _train_samples(cfg, items, len(modalities))
    _look_ahead(items, samples.samples.pixels)
    batches = SeededBatches(_train_batches(cfg, items), max(cfg.SEED, 0))
    return _loader(cfg, samples, batches)


def _train_samples(cfg: CfgNode, items: list[Item], views: int) -> SeededSamples:
    """Make the samples of training, of so many aligned images each, or of single images if 0."""
    enabled = [key for key in _BY_MODALITY if cfg.INPUT[key].ENABLED]
    transform, pixels = build_transforms(cfg, is_train=True), PixelRule.from_cfg(cfg)
    if enabled and views:
        raise InputError(f"INPUT.{enabled[0]}.ENABLED is only for visible-infrared data sets")
    augmentation = batch_augmentation(cfg, views)
    if augmentation:
        transform = without_draws(transform)
    read = reader(transform)
    if views:
        shared = augmentation is None and cfg.INPUT.SHARED_DRAWS  # else the transforms draw nothing
        return SeededSamples(AlignedSet(items, transform, True, (), shared, pixels, read), augmentation)
    augments = [_BY_MODALITY[key](cfg.INPUT[key].PROB) for key in enabled]
    return SeededSamples(ImageSet(items, transform, True, augments, pixels, read), augmentation)


def _train_batches(cfg: CfgNode, items: list[Item]) -> CrossModalityIdentitySampler | HostBatches:
    name = cfg.DATALOADER.SAMPLER_TRAIN
    processes = {"rank": comm.get_rank(), "world_size": comm.get_world_size()}
    sizes = (items, cfg.SOLVER.IMS_PER_BATCH, cfg.DATALOADER.NUM_INSTANCE, max(cfg.SEED, 0))
    if name in HOST_SAMPLERS:
        if not cfg.DATALOADER.REPLACEMENT:
            raise InputError(f"DATALOADER.REPLACEMENT False is for CrossModalityIdentitySampler, not for {name}")
        return HostBatches(name, *sizes, **processes)
    if name != "CrossModalityIdentitySampler":
        known = ", ".join(["CrossModalityIdentitySampler", *HOST_SAMPLERS])
        raise InputError(f"DATALOADER.SAMPLER_TRAIN {name!r} is not one of {known}")
    return CrossModalityIdentitySampler(*sizes, **processes, replacement=cfg.DATALOADER.REPLACEMENT)


def build_test_loader(cfg: CfgNode, dataset: ImageDataset) -> DeviceLoader:
    """Build the loader of a data set's query images followed by its gallery images."""
    items, transform = query_and_gallery(dataset), build_transforms(cfg, is_train=False)
    pixels = PixelRule.from_cfg(cfg)
    _look_ahead(items, pixels)
    if isinstance(dataset, AlignedDataset):
        missing = missing_modalities(cfg, dataset)
        return _test_loader(cfg, AlignedSet(items, transform, False, missing, False, pixels, reader(transform)))
    return _test_loader(cfg, ImageSet(items, transform, relabel=False, pixels=pixels, read=reader(transform)))


def build_corrupted_loader(cfg: CfgNode, dataset: ImageDataset, repetition: int) -> DeviceLoader:
    """Build the loader of a test set's visible images, query before gallery, corrupted as ``TEST.CORRUPTION`` says.

    Args:
        cfg: the config.
        dataset: a data set that :func:`require_corruptible` accepts.
        repetition: the number of the repetition, from 0; each has other corruptions.
    """
    from fastreid_mm.corruptions import read_frost_pictures  # here: nothing else needs OpenCV
    from fastreid_mm.data.corrupted_set import CorruptedSet

    options = cfg.TEST.CORRUPTION
    items, transform = query_and_gallery(dataset), build_transforms(cfg, is_train=False)
    clean = ImageSet(items, transform, relabel=False, pixels=PixelRule.from_cfg(cfg), read=reader(transform))
    pictures = read_frost_pictures(options.FROST) if options.FROST else []
    return _test_loader(cfg, CorruptedSet(clean, visible_places(dataset), options.SEED, repetition, pictures))


def _look_ahead(items: list[Item], pixels: PixelRule) -> None:
    """Read a few images in this process, so that no worker process repeats its warnings."""
    few = items[:: max(1, len(items) // 8)]
    look_ahead([path for item in few for path in item.files], pixels)


def _test_loader(cfg: CfgNode, samples: ItemSet) -> DeviceLoader:
    batch_size = max(1, cfg.TEST.IMS_PER_BATCH // comm.get_world_size())
    return _loader(cfg, samples, BatchSampler(InferenceSampler(len(samples)), batch_size, drop_last=False))


def _loader(cfg: CfgNode, samples: Dataset, batches: Sampler) -> DeviceLoader:
    loader = DataLoader(
        samples,
        batch_sampler=batches,
        num_workers=cfg.DATALOADER.NUM_WORKERS,
        pin_memory=cfg.MODEL.DEVICE.startswith("cuda"),
        worker_init_fn=leave_stopping_to_the_trainer,
    )
    return DeviceLoader(loader, cfg.MODEL.DEVICE)
