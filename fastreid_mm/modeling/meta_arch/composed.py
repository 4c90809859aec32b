"""The base of the architectures that are composed of a backbone, a head and loss terms, each chosen by name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from fastreid.utils import comm
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.batch_layout import layout_of
from fastreid_mm.modeling.heads.head import (
    MapSize,
    build_head,
    call_head,
    feature_size_of,
    require_inputs,
    takes_of,
    training_only_of,
)
from fastreid_mm.modeling.labels import Labels
from fastreid_mm.modeling.meta_arch.reid_model import ReIDModel, shared_arguments
from fastreid_mm.modeling.terms.term import LossTerms, build_losses


class ComposedModel(ReIDModel):
    """Turns a batch into named inputs of a head, and in training what the head gives into losses.

    A subclass says in :meth:`inputs` how images become maps. Questions that only the head can answer, as how features
    are compared, are asked of it.

    Args:
        backbone: turns images into maps.
        heads: turns maps into features, and in training into named outputs.
        losses: the terms that ``MODEL.LOSSES.NAME`` names.
        metric, pixel_mean, pixel_std: see :class:`ReIDModel`.

    Raises:
        InputError: the head needs an input that this architecture does not make.
    """

    provides: tuple[str, ...] = ("maps",)
    """Names of the inputs that :meth:`inputs` makes."""

    def __init__(
        self,
        *,
        backbone: nn.Module,
        heads: nn.Module,
        losses: LossTerms,
        metric: str,
        pixel_mean: list[float],
        pixel_std: list[float],
    ) -> None:
        super().__init__(metric, pixel_mean, pixel_std)
        require_inputs(type(heads).__name__, takes_of(heads), self.provides, type(self).__name__)
        self.backbone, self.heads, self.losses = backbone, heads, losses
        self.compares_identities = losses.compares_identities
        self.training_only = ("losses.", *training_only_of(heads))

    def inputs(self, batch: dict) -> dict[str, Tensor]:
        """Turn a batch into the inputs of the head, ``maps`` among them; in training ``targets``, too."""
        raise NotImplementedError

    def forward(self, batch: dict) -> dict[str, Tensor] | Tensor:
        """Compute a batch's losses in training, and its (B, D) features in evaluation."""
        return self.outputs(self.inputs(batch), batch)

    def outputs(self, inputs: Mapping[str, Tensor], batch: dict) -> dict[str, Tensor] | Tensor:
        """Compute what :meth:`forward` does, from the inputs of the head and the batch that they were made of."""
        if self.training and comm.get_world_size() == 1:  # of several, none knows the batch of all
            self.losses.require_comparable(layout_of(batch), len(batch["images"]))
        outputs = call_head(self.heads, inputs)
        if not self.training:
            return cast(Tensor, outputs)
        labels = Labels(inputs["targets"], inputs.get("modalities"))
        return self.losses(cast(Mapping[str, Tensor], outputs), labels)

    def lr_factors(self) -> Iterator[tuple[nn.Parameter, float]]:
        """Give the parameters of the head and of the loss terms that have a factor of their own."""
        for part in (self.heads, *self.losses):
            yield from part.lr_factors() if hasattr(part, "lr_factors") else ()

    def set_training_length(self, iterations: int) -> None:
        """Tell the loss terms that ask for it."""
        for term in self.losses:
            if hasattr(term, "set_training_length"):
                term.set_training_length(iterations)

    @property
    def feature_size(self) -> int:
        """The number of channels that the head gives."""
        return feature_size_of(self.heads)

    @property
    def query_adaptive_parts(self) -> int:
        """The parts of the head's packed features; 0 if it packs none."""
        return getattr(self.heads, "query_adaptive_parts", 0)

    @property
    def compares_plainly(self) -> bool:
        """Whether neither architecture nor head has a distance of its own, or the head says that it is plain."""
        if type(self).pairwise_distance is not ComposedModel.pairwise_distance:
            return False
        return getattr(self.heads, "compares_plainly", not hasattr(self.heads, "pairwise_distance"))

    def pairwise_distance(self, query: Tensor, gallery: Tensor) -> Tensor:
        """(Nq, D) and (Ng, D) features to (Nq, Ng) distances, by the head's own if it has one."""
        if self.compares_plainly:
            return super().pairwise_distance(query, gallery)
        return cast(Any, self.heads).pairwise_distance(query, gallery, self.metric)


def composed_arguments(
    cfg: CfgNode,
    backbone: nn.Module,
    dim: int,
    map_size: MapSize,
    provides: Sequence[str],
) -> dict:
    """Build head and losses for a backbone: the arguments of :class:`ComposedModel`.

    Args:
        cfg: the config.
        backbone: what is composed with a head.
        dim: channels of the maps that the head gets.
        map_size: (height, width) of images to (rows, columns) of their maps.
        provides: names of the inputs that the architecture makes.

    Raises:
        InputError: head, losses and what they need do not go together.
    """
    shared = shared_arguments(cfg)
    heads = build_head(cfg, dim, map_size, provides)
    return shared | {"backbone": backbone, "heads": heads, "losses": build_losses(cfg, heads, provides)}
