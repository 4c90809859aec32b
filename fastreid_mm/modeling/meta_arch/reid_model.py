"""The bases of all meta-architectures, and of those that are composed of backbone, head and loss terms by name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import torch
from fastreid.utils import comm
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.batch_layout import Layout, layout_of
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.keys import refuse_odd
from fastreid_mm.layers.exporting import is_exporting
from fastreid_mm.modeling.contract import MetaArchitecture
from fastreid_mm.modeling.heads.head import (
    MapSize,
    build_head,
    call_head,
    feature_size_of,
    require_inputs,
    takes_of,
    training_only_of,
)
from fastreid_mm.modeling.terms.term import Labels, LossTerms, build_losses


class ReIDModel(nn.Module, MetaArchitecture):
    """Normalizes images, knows its device, and keeps the contract. Its ``backbone`` knows what of it was loaded.

    Args:
        metric: "cosine" or "euclidean", the distance that :meth:`pairwise_distance` gives.
        pixel_mean: mean of each channel, for pixel values from 0 to 255.
        pixel_std: standard deviation of each channel.
    """

    pixel_mean: Tensor
    pixel_std: Tensor

    def __init__(self, metric: str, pixel_mean: list[float], pixel_std: list[float]) -> None:
        super().__init__()
        self.metric = metric
        self.register_buffer("pixel_mean", torch.tensor(pixel_mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("pixel_std", torch.tensor(pixel_std).view(-1, 1, 1), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where the model lives."""
        return self.pixel_mean.device

    def normalize(self, images: Tensor) -> Tensor:
        """(..., 3, H, W) images of pixel values from 0 to 255, normalized into a new tensor.

        fast-reid's own models normalize in place, which does it twice when the flipped images are tested too.
        """
        return (images.to(self.device) - self.pixel_mean) / self.pixel_std

    def modalities_of(self, batch: dict) -> Tensor:
        """Read the (B,) modality labels of a batch.

        Raises:
            InputError: the batch has none, as those of fast-reid's ``DefaultPredictor`` and ``demo.py``.
        """
        if "modalities" not in batch:
            raise InputError(
                f"{type(self).__name__} needs to know what its images are, which fast-reid's "
                "DefaultPredictor cannot say: call the model with images (B, 3, H, W) and modalities "
                "(B,), 0 for a visible and 1 for an infrared image"
            )
        return torch.as_tensor(batch["modalities"], device=self.device)

    def layout_of(self, batch: dict) -> Layout | None:
        """Get the layout of a batch, see :func:`layout_of`; None while exporting, when no label may be looked at."""
        return None if is_exporting() else layout_of(batch)

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """Give the backbone's pretrained parameters."""
        return cast(Any, self.backbone).pretrained_parameters()


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

    def labels_of(self, batch: dict) -> dict[str, Tensor]:
        """Give the ``targets`` of a batch in training."""
        return {"targets": batch["targets"].to(self.device)} if self.training else {}

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


def shared_arguments(cfg: CfgNode) -> dict:
    """Read the arguments of :class:`ReIDModel` from the config.

    Raises:
        InputError: a declared key has an impossible value.
    """
    refuse_odd(cfg)
    return {"metric": cfg.TEST.METRIC, "pixel_mean": cfg.MODEL.PIXEL_MEAN, "pixel_std": cfg.MODEL.PIXEL_STD}


def composed_arguments(cfg: CfgNode, backbone: nn.Module, dim: int, map_size: MapSize, provides: Sequence[str]) -> dict:
    """Build head and losses for maps of ``dim`` channels of a backbone: the arguments of :class:`ComposedModel`.

    Raises:
        InputError: head, losses and what they need do not go together.
    """
    shared, heads = shared_arguments(cfg), build_head(cfg, dim, map_size, provides)
    return shared | {"backbone": backbone, "heads": heads, "losses": build_losses(cfg, heads, provides)}
