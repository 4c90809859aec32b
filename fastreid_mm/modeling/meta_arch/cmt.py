"""CMT: Jiang et al., "Cross-Modality Transformer for Visible-Infrared Person Re-Identification", ECCV 2022.

The paper has no arXiv version.
"""

from collections.abc import Iterator

from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.evaluation import QueryAdaptiveFeature, query_adaptive_distance
from fastreid_mm.layers import ModalityCompensation, ModulationGenerator
from fastreid_mm.losses.modulation_discriminative import DISTANCES, MININGS
from fastreid_mm.modeling.backbones.two_stream import TwoStreamResNet, build_two_stream
from fastreid_mm.modeling.config_checks import require_choice
from fastreid_mm.modeling.global_batch import gather, global_batch
from fastreid_mm.modeling.heads.cmt import CMTHead
from fastreid_mm.modeling.heads.hct import hct_head_arguments
from fastreid_mm.modeling.meta_arch.hct import HCT
from fastreid_mm.modeling.meta_arch.reid_model import shared_arguments


@META_ARCH_REGISTRY.register()
class CMT(HCT):
    """HCT whose part features are completed with those of the missing modality, and whose queries modulate the gallery.

    The losses are those of :class:`HCT` on the complete representations, ``loss_consistency`` (eq. 7 and 8) and
    ``loss_modulation`` (eq. 14). The feature of an image is a :class:`QueryAdaptiveFeature`: its complete
    representation, with the scale and the shift by which it modulates a gallery as the query. Compare by
    :meth:`pairwise_distance`.

    Args:
        backbone: turns images and modalities into maps.
        head: turns maps into part features, and complete representations into losses.
        compensation: the modality-level alignment (section 3.1); None leaves it out (table 3).
        generator: the instance-level alignment (section 3.2); None leaves it out (table 3).
        add_to_encoded: complete the encoded part features rather than the raw ones (eq. 5).
        generator_lr_factor: factor on the learning rate of ``generator``.
        metric, pixel_mean, pixel_std: see :class:`ReIDModel`.
    """

    @configurable
    def __init__(
        self,
        *,
        backbone: TwoStreamResNet,
        head: CMTHead,
        compensation: ModalityCompensation | None,
        generator: ModulationGenerator | None,
        add_to_encoded: bool,
        generator_lr_factor: float,
        metric: str,
        pixel_mean: list[float],
        pixel_std: list[float],
    ) -> None:
        super().__init__(backbone=backbone, head=head, metric=metric, pixel_mean=pixel_mean, pixel_std=pixel_std)
        self.compensation, self.generator = compensation, generator
        self.add_to_encoded, self.generator_lr_factor = add_to_encoded, generator_lr_factor

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """The arguments of the constructor, read from the config."""
        options, backbone = cfg.MODEL.CMT, build_two_stream(cfg)
        head = CMTHead(
            modulation_weight=options.LAMBDA,
            modulation_margin=options.MARGIN,
            mining=options.MINING,
            distance=options.DISTANCE,
            cross_triplets=options.CROSS_TRIPLETS,
            detach_centers=options.DETACH_CENTROID,
            **hct_head_arguments(cfg, backbone),
        )
        _check(cfg, head.dim)
        return shared_arguments(cfg) | {
            "backbone": backbone,
            "head": head,
            "compensation": _build_compensation(options, head),
            "generator": _build_generator(options, head),
            "add_to_encoded": options.RESIDUAL_FROM == "encoded",
            "generator_lr_factor": options.GENERATOR_LR_FACTOR,
        }

    def forward(self, batch: dict) -> dict[str, Tensor] | Tensor:
        """A batch to its losses in training, and to its features in evaluation.

        Training: a batch of ``images (B, 3, H, W), targets (B,), modalities (B,)`` to a dict of 0-d losses.
        Evaluation: ``images`` and ``modalities`` to packed :class:`QueryAdaptiveFeature`s (B, (p + 2) * d); to
        (B, p * d) features without the generator.
        """
        modalities = self.modalities_of(batch)
        parts = self.part_features(batch["images"], modalities)  # (B, p, d)
        complete, compensated = self.complete(parts, modalities)
        modulation = self.generator(complete) if self.generator is not None else ()
        if not self.training:
            return QueryAdaptiveFeature(complete, *modulation).pack() if modulation else complete.flatten(1)
        targets = batch["targets"].to(self.device)
        if compensated is not None:
            compensated = gather(compensated)
        return self.head(
            *global_batch(parts, complete, targets, modalities), compensated, tuple(global_batch(*modulation))
        )

    def lr_factors(self) -> Iterator[tuple[nn.Parameter, float]]:
        """The weights of the generator, with their factor on the learning rate."""
        if self.generator is not None:
            yield from ((value, self.generator_lr_factor) for value in self.generator.parameters())

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

    @property
    def query_adaptive_parts(self) -> int:
        """How many parts the features have; 0 without the generator."""
        return 0 if self.generator is None else self.head.parts

    @property
    def compares_plainly(self) -> bool:
        """Whether no query modulates the gallery."""
        return self.generator is None

    def pairwise_distance(self, query: Tensor, gallery: Tensor) -> Tensor:
        """(Nq, D) and (Ng, D) features from :meth:`forward` to (Nq, Ng) distances, the gallery modulated by each query.

        Not symmetric.
        """
        if self.generator is None:
            return super().pairwise_distance(query, gallery)
        asking, asked = (QueryAdaptiveFeature.unpack(features, self.head.parts) for features in (query, gallery))
        return query_adaptive_distance(asking.complete, asked.complete, asking.scale, asking.shift, self.metric)


def _build_compensation(options: CfgNode, head: CMTHead) -> ModalityCompensation | None:
    if not options.MODALITY_ALIGNMENT:
        return None
    return ModalityCompensation(
        head.dim, head.parts, options.HEADS, options.FFN_RATIO, options.DROPOUT, options.COMPENSATION_INIT
    )


def _build_generator(options: CfgNode, head: CMTHead) -> ModulationGenerator | None:
    return ModulationGenerator(head.dim, options.GENERATOR_REDUCTION) if options.INSTANCE_ALIGNMENT else None


def _check(cfg: CfgNode, dim: int) -> None:
    options = cfg.MODEL.CMT
    if options.INSTANCE_ALIGNMENT and cfg.TEST.AQE.ENABLED:
        raise InputError(
            "TEST.AQE.ENABLED: CMT compares a query with what it makes of the gallery, which is no mean's "
            "place; it can be done with MODEL.CMT.INSTANCE_ALIGNMENT False"
        )
    require_choice(cfg, "MODEL.CMT.RESIDUAL_FROM", ("raw", "encoded"))
    require_choice(cfg, "MODEL.CMT.MINING", MININGS)
    require_choice(cfg, "MODEL.CMT.DISTANCE", tuple(DISTANCES))
    if not 0 <= options.DROPOUT < 1:
        raise InputError(f"MODEL.CMT.DROPOUT {options.DROPOUT} is not in [0, 1)")
    for key in ("COMPENSATION_INIT", "GENERATOR_LR_FACTOR"):
        if options[key] < 0:
            raise InputError(f"MODEL.CMT.{key} {options[key]} is negative")
    if options.FFN_RATIO < 1:
        raise InputError(f"MODEL.CMT.FFN_RATIO {options.FFN_RATIO} is less than 1")
    for key in ("HEADS", "GENERATOR_REDUCTION"):
        if options[key] < 1 or dim % options[key]:
            raise InputError(f"MODEL.CMT.{key} {options[key]} does not divide the {dim} channels of a part")
