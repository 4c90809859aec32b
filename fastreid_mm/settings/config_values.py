"""Checks of config values before anything is built."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from fastreid.config import CfgNode
from fastreid.modeling.backbones import BACKBONE_REGISTRY
from fastreid.modeling.heads import REID_HEADS_REGISTRY
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY, Baseline

import fastreid_mm.methods  # noqa: F401  registers architectures, heads and losses
from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.keys import leaves, refuse_odd
from fastreid_mm.modeling.meta_arch.reid_model import ComposedModel
from fastreid_mm.modeling.registered import require_registered
from fastreid_mm.modeling.terms.term import LOSS_REGISTRY, loss_names
from fastreid_mm.settings.config import defaults_of


def refuse_impossible(cfg: CfgNode) -> None:
    """Refuse values that are not allowed, and names that are not registered, before anything is built.

    Raises:
        InputError: names the key, its value and the possible values.
    """
    refuse_odd(cfg, dict(leaves(defaults_of(cfg))))
    model = cfg.MODEL
    require_registered("MODEL.META_ARCHITECTURE", model.META_ARCHITECTURE, META_ARCH_REGISTRY)
    require_registered("MODEL.BACKBONE.NAME", model.BACKBONE.NAME, BACKBONE_REGISTRY)
    # other architectures may read heads and losses differently
    architecture = META_ARCH_REGISTRY.get(model.META_ARCHITECTURE)
    if isinstance(architecture, type) and issubclass(architecture, ComposedModel | Baseline):
        require_registered("MODEL.HEADS.NAME", model.HEADS.NAME, REID_HEADS_REGISTRY)
        for name in loss_names(cfg):
            require_registered("MODEL.LOSSES.NAME", name, LOSS_REGISTRY)
    require_device(cfg.MODEL.DEVICE)


def require_device(name: str) -> None:
    """Refuse a name that is not that of a device of this machine; without a GPU, cuda is allowed and means the CPU.

    Raises:
        InputError: names the device.
    """
    try:
        device = torch.device(name)
        if device.type == "cuda" and not torch.cuda.is_available():
            return
        usable = device.type != "meta" and torch.empty(0, device=device) is not None  # meta has only shapes
    except (RuntimeError, AssertionError, NotImplementedError):  # the second if PyTorch was built without the device
        usable = False
    if not usable:
        raise InputError(f"MODEL.DEVICE {name!r} is not a device of this machine, as cpu, cuda or cuda:1") from None


@contextmanager
def refused_by(what: str) -> Iterator[None]:
    """Turn exceptions of a host or a library about values that do not go together into an :class:`InputError`.

    Args:
        what: a description of the object that is being built, for the message.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # any kind: values meet deep inside PyTorch, timm and the host
        raise InputError(
            f"{what} cannot be built with this config: {type(error).__name__}: {first_line(error)}"
        ) from error
