"""HCT, the hetero-center triplet network.

Liu et al., "Parameter Sharing Exploration and Hetero-Center Triplet Loss for Visible-Thermal Person
Re-Identification", TMM 2020, https://arxiv.org/abs/2008.06223
"""

from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.modeling.backbones.two_stream import TwoStreamResNet, build_two_stream
from fastreid_mm.modeling.global_batch import global_batch
from fastreid_mm.modeling.heads.hct import HCTHead, hct_head_arguments
from fastreid_mm.modeling.meta_arch.reid_model import ReIDModel, shared_arguments


@META_ARCH_REGISTRY.register()
class HCT(ReIDModel):
    """A two-stream ResNet and part features; with its defaults it is the "Base" of CMT's table 3.

    The losses are ``loss_id`` and ``loss_triplet``, see :class:`HCTHead`. The feature of an image is the concatenation
    of its parts; compare by cosine.

    Args:
        backbone: turns images and modalities into maps.
        head: turns maps into part features, and these into losses.
        metric, pixel_mean, pixel_std: see :class:`ReIDModel`.
    """

    compares_identities = True
    training_only = ("head.classifiers.",)

    @configurable
    def __init__(
        self, *, backbone: TwoStreamResNet, head: HCTHead, metric: str, pixel_mean: list[float], pixel_std: list[float]
    ) -> None:
        super().__init__(metric, pixel_mean, pixel_std)
        self.backbone = backbone
        self.head = head

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """The arguments of the constructor, read from the config."""
        backbone = build_two_stream(cfg)
        return shared_arguments(cfg) | {
            "backbone": backbone,
            "head": HCTHead(**hct_head_arguments(cfg, backbone)),
        }

    def forward(self, batch: dict) -> dict[str, Tensor] | Tensor:
        """A batch to its losses in training, and to its features in evaluation.

        Training: a batch of ``images (B, 3, H, W), targets (B,), modalities (B,)`` to a dict of 0-d losses.
        Evaluation: ``images`` and ``modalities`` to (B, p * d) features.
        """
        modalities = self.modalities_of(batch)
        parts = self.part_features(batch["images"], modalities)
        if not self.training:
            return parts.flatten(1)
        return self.head(*global_batch(parts, batch["targets"].to(self.device), modalities))

    def part_features(self, images: Tensor, modalities: Tensor) -> Tensor:
        """(B, 3, H, W) images and (B,) modalities to (B, p, d) part features, which CMT calls "F"."""
        return self.head.features(self.backbone(self.normalize(images), modalities))
