"""Which modalities the samples of a config's data sets have, and which of them are missing at test time."""

from fastreid.data.datasets import DATASET_REGISTRY
from fastreid.data.datasets.bases import ImageDataset
from yacs.config import CfgNode

from fastreid_mm.data.datasets import AlignedDataset
from fastreid_mm.errors import InputError


def dataset_class(name: str) -> type:
    """A data set's class by its registered name.

    Raises:
        InputError: no data set has that name.
    """
    try:
        return DATASET_REGISTRY.get(name)
    except KeyError:
        raise InputError(f"DATASETS: no data set is called {name!r}") from None


def aligned_modalities(cfg: CfgNode) -> tuple[str, ...]:
    """The modalities of every sample of ``DATASETS.NAMES`` and ``TESTS``, none if those sets are not aligned.

    Raises:
        InputError: data sets of different kinds or modalities, an unknown data set, or modalities it does not have.
    """
    found = {name: _modalities(cfg, name) for name in (*cfg.DATASETS.NAMES, *cfg.DATASETS.TESTS)}
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{name} {' + '.join(names) or 'single images'}" for name, names in found.items())
        raise InputError(f"DATASETS.NAMES and TESTS must all have the same modalities: {listed}")
    return next(iter(found.values()), ())


def _modalities(cfg: CfgNode, name: str) -> tuple[str, ...]:
    found = dataset_class(name)
    return found.choose(cfg.DATASETS.ALIGNED.MODALITIES) if issubclass(found, AlignedDataset) else ()


def missing_modalities(cfg: CfgNode, dataset: ImageDataset) -> tuple[int, ...]:
    """Indices of ``TEST.MISSING`` among the modalities of a test set's samples.

    Raises:
        InputError: one is unknown, or none would be left of all samples or of one that lacks others.
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
    for path, *_, sources in [*dataset.query, *dataset.gallery] if indices else ():
        if not any(source for index, source in enumerate(sources) if index not in indices):
            raise InputError(f"TEST.MISSING {missing} leaves nothing of {path}, which lacks the other modalities")
    return indices
