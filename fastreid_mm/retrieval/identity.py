"""Identity of the model that has made the vectors of an index, so that no other model searches it."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.grey_range import OWN_RANGE
from fastreid_mm.common.keys import DECLARED, leaves
from fastreid_mm.common.read_image import FULL_RANGE, PixelRule


class Identity(NamedTuple):
    """Properties that a query must share with the vectors of an index to be compared with them."""

    architecture: str
    """Value of ``MODEL.META_ARCHITECTURE``."""
    space: str
    """Name of the space in which rows are compared, see :mod:`fastreid_mm.retrieval.spaces`."""
    size: int
    """Number V of the columns of a row."""
    config: str
    """Checksum of the config keys of the network and of reading images."""
    weights: str
    """Checksum of the model's tensors."""


_MEANING = {
    "architecture": "another architecture",
    "space": "another way of comparing (TEST.METRIC)",
    "size": "another feature size",
    "config": "another config of the network or its input",
    "weights": "other weights",
}


def identity_of(cfg: CfgNode, model: nn.Module, space: str, size: int) -> Identity:
    """Compute the identity of the vectors that a model makes.

    Args:
        cfg: the model's config.
        model: the model with its weights.
        space: the name of the space of its features.
        size: V.
    """
    # a trained run's config has the number of classes, which the tensors tell; the config that it was trained by has 0
    network = [
        (key, 0 if key == "MODEL.HEADS.NUM_CLASSES" else value)
        for key, value in sorted(leaves(cfg.MODEL, "MODEL."))  # losses of packages from outside declare no keys
        if not key.startswith("MODEL.LOSSES.") and (key not in DECLARED or DECLARED[key].when == "building")
    ]
    read = [cfg.INPUT.SIZE_TEST, cfg.INPUT.RESIZE, cfg.TEST.FLIP, cfg.DATASETS.ALIGNED.MODALITIES]
    if tuple(cfg.INPUT.RANGE_16BIT) != FULL_RANGE:  # unless it is the default, so that older indexes stay usable
        read.append(tuple(cfg.INPUT.RANGE_16BIT))
    if (percentiles := PixelRule.from_cfg(cfg).percentiles) != OWN_RANGE:
        read.append(percentiles)
    settings = repr((network, read)).encode()
    config = hashlib.sha256(settings).hexdigest()[:16]
    return Identity(cfg.MODEL.META_ARCHITECTURE, space, size, config, _checksum(model.state_dict().items()))


def identity_from(saved: object, path: object) -> Identity:
    """Read the identity of a model from JSON.

    Raises:
        InputError: it is no identity, or that of another version of this package; names the file.
    """
    fields = set(saved) if isinstance(saved, dict) else set()
    if not isinstance(saved, dict) or fields != set(Identity._fields):
        differing = sorted(map(str, fields ^ set(Identity._fields)))
        raise InputError(
            f"{path} was made by another version of fastreid-mm, or is no index: the fields of its identity differ in "
            f"{listed(differing, 5, ', ')}; index again under another name"
        )
    for field, kind in Identity.__annotations__.items():
        if not isinstance(saved[field], kind):
            raise InputError(f"{path} is not of an index: {field} of its identity is {str(saved[field])[:40]!r}")
    return Identity(**saved)


def refuse_other(saved: Identity, given: Identity, path: object) -> None:
    """Refuse a model other than the one that made the vectors of a file.

    Raises:
        InputError: names the file and the first thing that differs.
    """
    for field, meaning in _MEANING.items():
        old, new = getattr(saved, field), getattr(given, field)
        if old != new:
            said = printable(str(old))[:80]
            raise InputError(f"{path} is of another model: it was made with {meaning}, {field} {said}, not {new}")


def _checksum(tensors: Iterable[tuple[str, Tensor]]) -> str:
    digest = hashlib.sha256()
    for name, tensor in tensors:
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
