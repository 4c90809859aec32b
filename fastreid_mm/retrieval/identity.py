"""Which model has made the vectors of an index, so that no other searches it."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.console import printable
from fastreid_mm.errors import InputError, listed
from fastreid_mm.read_image import FULL_RANGE

_OF_TRAINING = {
    "": ("DEVICE", "WEIGHTS", "TRUST_WEIGHTS", "PARTIAL_WEIGHTS", "LOSSES", "FREEZE_LAYERS", "SYNC_BN"),
    "BACKBONE": ("PRETRAIN", "PRETRAIN_PATH"),
    "CMTR": ("LAMBDA", "DISTANCE", "REDUCTION"),
    "HCT": ("ID_WEIGHT", "TRIPLET_WEIGHT", "PART_TRIPLET_WEIGHT", "MARGIN"),
    "CMT": (
        "LAMBDA",
        "MARGIN",
        "MINING",
        "DISTANCE",
        "CROSS_TRIPLETS",
        "DETACH_CENTROID",
        "COMPENSATION_INIT",
        "GENERATOR_LR_FACTOR",
    ),
    "MUN": (
        "IDC_WEIGHT",
        "IA_WEIGHT",
        "MA_WEIGHT",
        "IA_MARGIN",
        "TRIPLET_MARGIN",
        "IA_FEATURES",
        "PROTOTYPE_LR_FACTOR",
    ),
    "IEEE": ("LOSS_WEIGHT", "MARGIN", "MARGIN_DISTANCE", "MARGIN_REDUCTION", "MARGIN_NORMALIZE"),
    "MUTUALFORMER": ("SCORE_COHERENCE", "TRIPLET"),
    "HAMNET": ("SCORE_COHERENCE", "TRIPLET"),
}
"""Keys under ``MODEL`` and under its nodes that say nothing about features, given the weights."""


class Identity(NamedTuple):
    """What a query must share with the vectors of an index to be compared with them."""

    architecture: str
    """``MODEL.META_ARCHITECTURE``."""
    space: str
    """How rows are compared, see :mod:`fastreid_mm.retrieval.spaces`."""
    size: int
    """V, the columns of a row."""
    config: str
    """Of what the config says of the network and of how images are read, a checksum."""
    weights: str
    """A checksum of the model's tensors."""


_MEANING = {
    "architecture": "another architecture",
    "space": "another way of comparing (TEST.METRIC)",
    "size": "another feature size",
    "config": "another config of the network or its input",
    "weights": "other weights",
}


def identity_of(cfg: CfgNode, model: nn.Module, space: str, size: int) -> Identity:
    """The identity of the vectors that a model makes.

    Args:
        cfg: the model's.
        model: with its weights.
        space: the name of the space in which its features lie.
        size: V.
    """
    network = [(key, _kept(value, key) if key in _OF_TRAINING else value) for key, value in _kept(cfg.MODEL, "")]
    read = [cfg.INPUT.SIZE_TEST, cfg.INPUT.RESIZE, cfg.TEST.FLIP, cfg.DATASETS.ALIGNED.MODALITIES]
    if tuple(cfg.INPUT.RANGE_16BIT) != FULL_RANGE:  # beside the default, so that older indexes stay usable
        read.append(tuple(cfg.INPUT.RANGE_16BIT))
    settings = repr((network, read)).encode()
    config = hashlib.sha256(settings).hexdigest()[:16]
    return Identity(cfg.MODEL.META_ARCHITECTURE, space, size, config, _checksum(model.state_dict().items()))


def identity_from(saved: object, path: object) -> Identity:
    """Read the identity of a model from JSON.

    Raises:
        InputError: names the file, if what it says is none, or is of another version of this package.
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
    """Refuse a model that has not made the vectors of a file.

    Raises:
        InputError: names the file and the first thing that differs.
    """
    for field, meaning in _MEANING.items():
        old, new = getattr(saved, field), getattr(given, field)
        if old != new:
            said = printable(str(old))[:80]
            raise InputError(f"{path} is of another model: it was made with {meaning}, {field} {said}, not {new}")


def _kept(node: CfgNode, name: str) -> list[tuple[str, object]]:
    """The keys of a node that features depend on, with their values."""
    return [(key, value) for key, value in sorted(node.items()) if key not in _OF_TRAINING[name]]


def _checksum(tensors: Iterable[tuple[str, Tensor]]) -> str:
    digest = hashlib.sha256()
    for name, tensor in tensors:
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
