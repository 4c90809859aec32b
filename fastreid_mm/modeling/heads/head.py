"""Build heads by name, fast-reid's own among them, and know what each takes and gives.

A head is in fast-reid's ``REID_HEADS_REGISTRY``. It turns maps into the feature in evaluation, and in training into a
dict of named outputs, which the loss terms choose from.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from fastreid.modeling.heads import REID_HEADS_REGISTRY, ClasHead, EmbeddingHead, build_heads
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.modeling.registered import require_registered

MapSize = Callable[[tuple[int, int]], tuple[int, int]]
"""(height, width) of images to (rows, columns) of their maps."""

HOST_OUTPUTS = ("cls_outputs", "pred_class_logits", "features")
"""The outputs of fast-reid's heads: the class scores that the loss takes, those without a margin, and the features."""


class Head(nn.Module):
    """The base of this package's heads.

    Called with named inputs, of which ``maps`` is one, a head gives (B, D) features in evaluation; in training, where
    ``targets`` (B,) is among them, a dict of named tensors, of which :attr:`gives` has the names.
    """

    takes: tuple[str, ...] = ("maps",)
    """Names of the inputs that it cannot do without."""
    gives: tuple[str, ...] = ()
    """Names of all outputs there may be; those that no loss term needs may be left out."""
    training_only: tuple[str, ...] = ()
    """Parts of names of its tensors that features do not depend on."""
    widths: dict[str, int]
    """Channels of the outputs that terms may have parameters for."""

    @property
    def feature_size(self) -> int:
        """Columns of the features in evaluation."""
        return self.widths["features"]

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor] | Tensor:
        """Named inputs to the features, and in training to named outputs."""
        raise NotImplementedError


def classes(scores: Tensor) -> dict[str, Tensor]:
    """Name class scores of a classifier without a margin, which are those of the loss and those of accuracy alike."""
    return {"cls_outputs": scores, "pred_class_logits": scores}


def call_head(head: nn.Module, inputs: Mapping[str, Tensor]) -> dict[str, Tensor] | Tensor:
    """Call one of this package's heads with all inputs, and one like fast-reid's with maps and identities."""
    return head(inputs) if isinstance(head, Head) else head(inputs["maps"], inputs.get("targets"))


def takes_of(head: nn.Module) -> tuple[str, ...]:
    """Names of the inputs that a head cannot do without."""
    return head.takes if isinstance(head, Head) else Head.takes


def gives_of(kind: type) -> tuple[str, ...]:
    """Names of the outputs that heads of a class can give in training."""
    return getattr(kind, "gives", HOST_OUTPUTS)


def widths_of(head: nn.Module) -> dict[str, int]:
    """Channels of a head's outputs; those of fast-reid's heads are the columns of their classifier."""
    if isinstance(head, Head):
        return head.widths
    weight = getattr(head, "weight", None)
    return {} if weight is None else {"features": weight.shape[1]}


def feature_size_of(head: nn.Module) -> int:
    """Columns of a head's features in evaluation, 0 if it does not say. A ClasHead's feature is the class scores."""
    if isinstance(head, ClasHead):
        return head.weight.shape[0]
    return head.feature_size if isinstance(head, Head) else widths_of(head).get("features", 0)


def training_only_of(head: nn.Module) -> tuple[str, ...]:
    """Parts of names of a head's tensors that features do not depend on. A ClasHead's feature is the class scores."""
    if isinstance(head, Head):
        return head.training_only
    return ("heads.weight",) if type(head) is EmbeddingHead else ()


def heads_that_give(outputs: Iterable[str]) -> list[str]:
    """Names of the registered heads that give all of some outputs."""
    wanted = set(outputs)
    return sorted(name for name, kind in REID_HEADS_REGISTRY._obj_map.items() if wanted <= set(gives_of(kind)))


def require_inputs(head: str, takes: Iterable[str], provides: Sequence[str], architecture: str) -> None:
    """Refuse a head on an architecture that does not make an input that it needs.

    Raises:
        InputError: names both and what is missing.
    """
    missing = [name for name in takes if name not in provides]
    if missing:
        raise InputError(
            f"MODEL.HEADS.NAME {head} needs {', '.join(missing)}, which MODEL.META_ARCHITECTURE {architecture} does "
            "not make"
        )


def build_head(cfg: CfgNode, dim: int, map_size: MapSize, provides: Sequence[str]) -> nn.Module:
    """Build the head that ``MODEL.HEADS.NAME`` names, on maps of a backbone.

    The head finds what the backbone knows in its config: channels of the maps under ``MODEL.BACKBONE.FEAT_DIM``, rows
    and columns under ``MODEL.BACKBONE.MAP_TRAIN`` and ``MAP_TEST``. None of these need be right in the given one.

    Raises:
        InputError: there is no such head, it needs other inputs, or it cannot be built.
    """
    require_registered("MODEL.HEADS.NAME", cfg.MODEL.HEADS.NAME, REID_HEADS_REGISTRY)
    kind = REID_HEADS_REGISTRY.get(cfg.MODEL.HEADS.NAME)
    require_inputs(cfg.MODEL.HEADS.NAME, getattr(kind, "takes", ()), provides, cfg.MODEL.META_ARCHITECTURE)
    cfg = cfg.clone()
    cfg.defrost()
    cfg.MODEL.BACKBONE.FEAT_DIM = dim
    cfg.MODEL.BACKBONE.MAP_TRAIN = list(map_size(cfg.INPUT.SIZE_TRAIN))
    cfg.MODEL.BACKBONE.MAP_TEST = list(map_size(cfg.INPUT.SIZE_TEST))
    try:
        head = build_heads(cfg)
    except (AssertionError, KeyError) as error:  # what fast-reid's heads say of unknown layers
        raise InputError(f"MODEL.HEADS.NAME {cfg.MODEL.HEADS.NAME} cannot be built: {first_line(error)}") from None
    require_inputs(cfg.MODEL.HEADS.NAME, takes_of(head), provides, cfg.MODEL.META_ARCHITECTURE)
    return head
