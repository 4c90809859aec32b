"""Modalities of a config's data sets, and those of them that are missing or corrupted at test time."""

import logging

from fastreid.data.datasets import DATASET_REGISTRY
from fastreid.data.datasets.bases import ImageDataset
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, require_packages
from fastreid_mm.common.image_files import LeftOut
from fastreid_mm.common.modality import VISIBLE
from fastreid_mm.data.datasets import AlignedDataset
from fastreid_mm.data.items import query_and_gallery

logger = logging.getLogger("fastreid.mm")


def dataset_class(name: str) -> type:
    """Return the class of a data set by its registered name.

    Raises:
        InputError: no data set has that name.
    """
    try:
        return DATASET_REGISTRY.get(name)
    except KeyError:
        raise InputError(f"DATASETS: no data set is called {name!r}") from None


def aligned_modalities(cfg: CfgNode) -> tuple[str, ...]:
    """Return the modalities of all samples of ``DATASETS.NAMES`` and ``TESTS``, none if the sets are not aligned.

    Raises:
        InputError: data sets of different kinds or modalities, an unknown data set, or modalities it does not have.
    """
    modalities = {name: _modalities(cfg, name) for name in (*cfg.DATASETS.NAMES, *cfg.DATASETS.TESTS)}
    if len(set(modalities.values())) > 1:
        listed = ", ".join(f"{name} {' + '.join(names) or 'single images'}" for name, names in modalities.items())
        raise InputError(f"DATASETS.NAMES and TESTS must all have the same modalities: {listed}")
    return next(iter(modalities.values()), ())


def _modalities(cfg: CfgNode, name: str) -> tuple[str, ...]:
    kind = dataset_class(name)
    return kind.choose(cfg.DATASETS.ALIGNED.MODALITIES) if issubclass(kind, AlignedDataset) else ()


def missing_modalities(cfg: CfgNode, dataset: ImageDataset) -> tuple[int, ...]:
    """Return the indices of ``TEST.MISSING`` among the modalities of a test set's samples.

    Raises:
        InputError: a modality is unknown, or no modality would be left of a sample.
    """
    missing, modalities = tuple(cfg.TEST.MISSING), getattr(dataset, "modalities", ())
    unknown = [name for name in missing if name not in modalities]
    if unknown:
        raise InputError(
            f"TEST.MISSING: {unknown[0]!r} is not one of the test set's modalities "
            f"({', '.join(modalities) or 'it has single images'})"
        )
    if modalities and set(missing) == set(modalities):
        raise InputError(f"TEST.MISSING {missing} leaves none of the modalities {', '.join(modalities)}")
    indices = tuple(modalities.index(name) for name in missing)
    for item in query_and_gallery(dataset) if indices else ():
        if not any(source for index, source in enumerate(item.sources) if index not in indices):
            raise InputError(
                f"TEST.MISSING {missing} leaves nothing of {item.img_path}, which lacks the other modalities"
            )
    return indices


def visible_places(dataset: ImageDataset) -> list[int]:
    """Return the indices of the visible images among the query and gallery images of a visible-infrared test set.

    Raises:
        InputError: the test images are not both visible and infrared.
    """
    items = query_and_gallery(dataset)
    places = [place for place, item in enumerate(items) if item.modality == VISIBLE]
    if not all(item.has_modality for item in items) or not 0 < len(places) < len(items):
        raise InputError(
            f"TEST.CORRUPTION.ENABLED corrupts the visible images of a visible-infrared test set, and "
            f"{type(dataset).__name__} is not one"
        )
    return places


def require_corruptible(cfg: CfgNode, dataset: ImageDataset) -> None:
    """Refuse ``TEST.CORRUPTION`` early, if it is enabled but impossible.

    Raises:
        InputError: the test set is not visible-infrared, a number is out of range, the folder has no pictures of frost,
            or OpenCV is missing.
    """
    options = cfg.TEST.CORRUPTION
    if not options.ENABLED:
        return
    if options.REPETITIONS < 1:
        raise InputError(f"TEST.CORRUPTION.REPETITIONS is {options.REPETITIONS}, must be at least 1")
    visible_places(dataset)
    require_packages("corruption", "cv2")
    if options.FROST:
        from fastreid_mm.corruptions import read_frost_pictures  # here: nothing else needs OpenCV

        left_out = LeftOut()
        try:
            read_frost_pictures(options.FROST, left_out)
        except InputError as error:
            raise InputError(f"TEST.CORRUPTION.FROST: {error}") from None
        if left_out.found:
            logger.warning("TEST.CORRUPTION.FROST: %s", left_out)
