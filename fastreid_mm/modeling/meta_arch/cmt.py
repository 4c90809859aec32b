"""CMT: Cross-Modality Transformer for Visible-Infrared Person Re-Identification."""

from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.evaluation import QueryAdaptiveFeature, query_adaptive_distance
from fastreid_mm.layers import ModalityCompensation, ModulationGenerator
from fastreid_mm.losses import modality_consistency, modulation_discriminative
from fastreid_mm.losses.modulation_discriminative import MININGS
from fastreid_mm.modeling.backbones.two_stream import TwoStreamResNet
from fastreid_mm.modeling.config_checks import require_choice
from fastreid_mm.modeling.heads.parts import PartHead
from fastreid_mm.modeling.meta_arch.hct import HCT


@META_ARCH_REGISTRY.register()
class CMT(HCT):
    """HCT whose part features are completed with those of the missing modality, and whose queries modulate the gallery.

    Losses: those of :class:`HCT` on the complete representations, ``loss_consistency`` (eq. 7 and 8) and
    ``loss_modulation`` (eq. 14), already weighted. A feature is a :class:`QueryAdaptiveFeature`: compare by
    :meth:`pairwise_distance`.

    Args:
        backbone: images and modalities to maps.
        head: maps to part features, and complete representations to losses.
        compensation: the modality-level alignment; None leaves it out (table 3).
        generator: the instance-level alignment; None leaves it out (table 3).
        modulation_weight: lambda.
        margin, mining: of ``loss_modulation``.
        add_to_encoded: complete the encoded part features rather than the raw ones (eq. 5).
        detach_centroid: let the consistency loss move the compensated features only, not the centres.
        metric, pixel_mean, pixel_std: see :class:`ReIDModel`.
    """

    @configurable
    def __init__(self, *, backbone: TwoStreamResNet, head: PartHead, compensation: ModalityCompensation | None,
                 generator: ModulationGenerator | None, modulation_weight: float, margin: float, mining: str,
                 add_to_encoded: bool, detach_centroid: bool, metric: str, pixel_mean: list[float],
                 pixel_std: list[float]):
        super().__init__(backbone=backbone, head=head, metric=metric, pixel_mean=pixel_mean, pixel_std=pixel_std)
        self.compensation, self.generator = compensation, generator
        self.modulation_weight, self.margin, self.mining = modulation_weight, margin, mining
        self.add_to_encoded, self.detach_centroid = add_to_encoded, detach_centroid

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        arguments, options = super().from_config(cfg), cfg.MODEL.CMT
        _check(cfg, arguments["head"].dim)
        return arguments | {
            "compensation": _build_compensation(options, arguments["head"]),
            "generator": _build_generator(options, arguments["head"]),
            "modulation_weight": options.LAMBDA,
            "margin": options.MARGIN,
            "mining": options.MINING,
            "add_to_encoded": options.RESIDUAL_FROM == "encoded",
            "detach_centroid": options.DETACH_CENTROID,
        }

    def forward(self, batch: dict) -> dict[str, Tensor] | Tensor:
        """Training: a batch of ``images (B, 3, H, W), targets (B,), modalities (B,)`` to a dict of 0-d losses.
        Evaluation: ``images`` and ``modalities`` to packed :class:`QueryAdaptiveFeature`s (B, (p + 2) * d); to
        (B, p * d) features without the generator."""
        modalities = self.modalities_of(batch)
        parts = self.part_features(batch["images"], modalities)  # (B, p, d)
        complete, compensated = self.complete(parts, modalities)
        modulation = self.generator(complete) if self.generator is not None else ()
        if not self.training:
            return QueryAdaptiveFeature(complete, *modulation).pack() if modulation else complete.flatten(1)
        targets = batch["targets"].to(self.device)
        losses = self.head.losses(complete, targets, modalities)
        if compensated is not None:
            losses["loss_consistency"] = self._consistency(parts, compensated, targets, modalities)
        if modulation:
            losses["loss_modulation"] = self.modulation_weight * modulation_discriminative(
                complete, *modulation, targets, self.margin, mining=self.mining)
        return losses

    def complete(self, parts: Tensor, modalities: Tensor) -> tuple[Tensor, Tensor | None]:
        """Part features to complete representations (eq. 5), and the features of the missing modality in them.

        Args:
            parts: (B, p, d).
            modalities: (B,).

        Returns:
            Complete representations (B, p, d) and compensated features (B, p, d) or None.
        """
        if self.compensation is None:
            return parts, None
        encoded, compensated = self.compensation(parts, modalities)
        return (encoded if self.add_to_encoded else parts) + compensated, compensated

    def pairwise_distance(self, query: Tensor, gallery: Tensor) -> Tensor:
        """(Nq, D) and (Ng, D) features from :meth:`forward` to (Nq, Ng) distances, the gallery modulated by each query.

        Not symmetric.
        """
        if self.generator is None:
            return super().pairwise_distance(query, gallery)
        asking, asked = (QueryAdaptiveFeature.unpack(features, self.head.parts) for features in (query, gallery))
        return query_adaptive_distance(asking.complete, asked.complete, asking.scale, asking.shift, self.metric)

    def _consistency(self, parts: Tensor, compensated: Tensor, targets: Tensor, modalities: Tensor) -> Tensor:
        """Eq. 7 plus eq. 8: features made up for a modality against the centres of the real ones."""
        reference = parts.detach() if self.detach_centroid else parts
        real = [modalities == modality for modality in (0, 1)]
        return sum(modality_consistency(compensated[~own], targets[~own], reference[own], targets[own])
                   for own in real)


def _build_compensation(options: CfgNode, head: PartHead) -> ModalityCompensation | None:
    if not options.MODALITY_ALIGNMENT:
        return None
    return ModalityCompensation(head.dim, head.parts, options.HEADS, options.FFN_RATIO, options.DROPOUT,
                                options.COMPENSATION_INIT)


def _build_generator(options: CfgNode, head: PartHead) -> ModulationGenerator | None:
    return ModulationGenerator(head.dim, options.GENERATOR_REDUCTION) if options.INSTANCE_ALIGNMENT else None


def _check(cfg: CfgNode, dim: int) -> None:
    options = cfg.MODEL.CMT
    require_choice(cfg, "MODEL.CMT.RESIDUAL_FROM", ("raw", "encoded"))
    require_choice(cfg, "MODEL.CMT.MINING", MININGS)
    if not 0 <= options.DROPOUT < 1:
        raise InputError(f"MODEL.CMT.DROPOUT {options.DROPOUT} is not in [0, 1)")
    if options.COMPENSATION_INIT < 0:
        raise InputError(f"MODEL.CMT.COMPENSATION_INIT {options.COMPENSATION_INIT} is negative")
    if options.FFN_RATIO < 1:
        raise InputError(f"MODEL.CMT.FFN_RATIO {options.FFN_RATIO} is less than 1")
    for key in ("HEADS", "GENERATOR_REDUCTION"):
        if options[key] < 1 or dim % options[key]:
            raise InputError(f"MODEL.CMT.{key} {options[key]} does not divide the {dim} channels of a part")
