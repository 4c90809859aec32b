"""MUN: Yu et al., "Modality Unifying Network for Visible-Infrared Person Re-Identification", ICCV 2023.

https://arxiv.org/abs/2309.06262
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.layers import AuxiliaryGenerator, GeM, ModalityPrototypes, bn_neck
from fastreid_mm.modality import INFRARED, VISIBLE
from fastreid_mm.modeling.backbones.two_stream import TwoStreamResNet, build_two_stream
from fastreid_mm.modeling.config_checks import require_choice
from fastreid_mm.modeling.global_batch import global_batch
from fastreid_mm.modeling.heads.mun import MUNHead, build_mun_head
from fastreid_mm.modeling.heads.mun_auxiliary import build_auxiliary
from fastreid_mm.modeling.meta_arch.reid_model import ReIDModel, shared_arguments


@META_ARCH_REGISTRY.register()
class MUN(ReIDModel):
    """A two-stream network that learns from an auxiliary modality between visible and infrared, and tests without it.

    BatchNorm in the shared stages and in the BNNeck normalizes visible and infrared maps together. The paper does not
    say how it normalizes the auxiliary maps, which differ much from both. When they are normalized by their own
    statistics, which do not enter the running statistics, the network is trained as it is tested, and the last scale
    of the generator has no effect, because the next BatchNorm removes it. When all three share their statistics,
    training from scratch loses a third of the mAP, even with no more than an identity loss on auxiliary features. The
    feature of an image is the one after the BNNeck; compare by cosine.

    Args:
        backbone: turns images and modalities into maps, in ``specific`` and ``shared`` stages.
        auxiliary: makes maps out of maps (the generator) or images out of images (table 2); None for the baseline.
        head: turns features into losses.
        own_statistics: whether BatchNorm normalizes the auxiliary modality by its own statistics.
        prototype_lr_factor: factor on the learning rate of the prototypes' maps.
        metric, pixel_mean, pixel_std: see :class:`ReIDModel`.
    """

    compares_identities = True
    training_only = ("auxiliary.", "head.")

    @configurable
    def __init__(
        self,
        *,
        backbone: TwoStreamResNet,
        auxiliary: nn.Module | None,
        head: MUNHead,
        own_statistics: bool,
        prototype_lr_factor: float,
        metric: str,
        pixel_mean: list[float],
        pixel_std: list[float],
    ) -> None:
        super().__init__(metric, pixel_mean, pixel_std)
        self.backbone = backbone
        self.auxiliary = auxiliary
        self.pool = GeM(p=3.0)
        self.neck = bn_neck(backbone.dim)
        self.head = head
        self.own_statistics, self.prototype_lr_factor = own_statistics, prototype_lr_factor

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """The arguments of the constructor, read from the config."""
        require_choice(cfg, "MODEL.MUN.AUXILIARY_STATISTICS", ("own", "shared"))
        backbone = build_two_stream(cfg)
        return shared_arguments(cfg) | {
            "backbone": backbone,
            "auxiliary": build_auxiliary(cfg, backbone),
            "head": build_mun_head(cfg, backbone.dim),
            "own_statistics": cfg.MODEL.MUN.AUXILIARY_STATISTICS == "own",
            "prototype_lr_factor": cfg.MODEL.MUN.PROTOTYPE_LR_FACTOR,
        }

    def set_training_length(self, iterations: int) -> None:
        """Set how many iterations training has, from which the prototypes' beta follows (section 3.4)."""
        if self._prototypes is not None:
            self._prototypes.total_iterations = iterations

    def lr_factors(self) -> Iterator[tuple[nn.Parameter, float]]:
        """The weights of the prototypes' maps, with their factor on the learning rate."""
        if self._prototypes is not None:
            yield from ((value, self.prototype_lr_factor) for value in self._prototypes.maps.parameters())

    @property
    def _prototypes(self) -> ModalityPrototypes | None:
        return None if self.head.alignment is None else self.head.alignment.prototypes

    def forward(self, batch: dict) -> dict[str, Tensor] | Tensor:
        """A batch to its losses in training, and to its features in evaluation.

        Training: a batch of ``images (B, 3, H, W), targets (B,), modalities (B,)`` to a dict of 0-d losses.
        Evaluation: ``images`` and ``modalities`` to (B, D) features.

        Raises:
            InputError: in training, visible and infrared images are not of the same identities in the same order.
        """
        images, modalities = self.normalize(batch["images"]), self.modalities_of(batch)
        if not self.training:
            return self.neck(self._embed(self.backbone.specific(images, modalities)))
        visible, infrared = modalities == VISIBLE, modalities == INFRARED
        targets = batch["targets"].to(self.device)
        if not torch.equal(targets[visible], targets[infrared]):
            raise InputError(
                "MUN pairs visible and infrared images of an identity, which this batch does not: "
                "DATALOADER.SAMPLER_TRAIN CrossModalityIdentitySampler does"
            )
        maps, count = self._maps(images[visible], images[infrared]), int(visible.sum())
        before, after = self._features(maps, 2 * count)  # (M * B, D) each, the first is "Z"
        rows = [feature.unflatten(0, (-1, count)).transpose(0, 1) for feature in (before, after)]  # (B, M, D) each
        before, after, targets = global_batch(*rows, targets[visible])
        return self.head(before.transpose(0, 1), after.transpose(0, 1), targets)

    def _maps(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Paired images (B, 3, H, W) to (M * B, C, h, w) maps, modality by modality, the auxiliary maps last."""
        if self.auxiliary is None:
            return self._specific((visible, VISIBLE), (infrared, INFRARED))
        if isinstance(self.auxiliary, AuxiliaryGenerator):
            maps = self._specific((visible, VISIBLE), (infrared, INFRARED))
            return torch.cat([maps, self.auxiliary(*maps.chunk(2))])
        # the images that table 2 compares with are in color: the visible stream takes them
        auxiliary = self.auxiliary(visible, infrared), VISIBLE
        if not self.own_statistics:
            return self._specific((visible, VISIBLE), (infrared, INFRARED), auxiliary)
        maps = self._specific((visible, VISIBLE), (infrared, INFRARED))
        with _running_statistics_kept(self.backbone):
            return torch.cat([maps, self._specific(auxiliary)])

    def _specific(self, *batches: tuple[Tensor, int]) -> Tensor:
        """Batches of images (B, 3, H, W), each with the modality whose stream takes it, to (n * B, C, h, w) maps."""
        images = torch.cat([batch for batch, _ in batches])
        modalities = torch.tensor([modality for _, modality in batches], device=self.device)
        return self.backbone.specific(images, modalities.repeat_interleave(len(images) // len(batches)))

    def _features(self, maps: Tensor, real: int) -> tuple[Tensor, Tensor]:
        """(M * B, C, h, w) maps, the first ``real`` of them not auxiliary, to features before and after the BNNeck."""
        if not self.own_statistics:
            real = len(maps)
        before = self._embed(maps[:real])
        after = self.neck(before)
        if real == len(maps):
            return before, after
        with _running_statistics_kept(self):
            auxiliary = self._embed(maps[real:])
            return torch.cat([before, auxiliary]), torch.cat([after, self.neck(auxiliary)])

    def _embed(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) maps of the modality-specific stages to (B, D) features before the BNNeck."""
        return self.pool(self.backbone.shared(maps))


@contextmanager
def _running_statistics_kept(model: nn.Module) -> Iterator[None]:
    """Keep the batches in this block out of the running statistics of BatchNorm."""
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
