"""Loss terms by name on fast-reid's own architectures, whose chain of ifs knows four losses."""

from collections.abc import Mapping

from fastreid.modeling.meta_arch import Baseline
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.modeling.terms.term import Labels, build_losses

HOST_LOSSES = {"CrossEntropyLoss", "TripletLoss", "CircleLoss", "Cosface"}


def take_terms(model: nn.Module, cfg: CfgNode) -> nn.Module:
    """Let one of fast-reid's architectures compute the losses that ``MODEL.LOSSES.NAME`` names by our terms.

    With fast-reid's four alone, or another architecture, it stays as it is.

    Raises:
        InputError: see :func:`build_losses`.
    """
    names = cfg.MODEL.LOSSES.NAME
    if isinstance(model, Baseline) and not {*((names,) if isinstance(names, str) else names)} <= HOST_LOSSES:
        terms = model.terms = build_losses(cfg, model.heads, provides=("maps",))

        def losses(outputs: Mapping[str, Tensor], targets: Tensor) -> dict[str, Tensor]:
            return terms(outputs, Labels(targets))

        model.losses = losses
    return model
