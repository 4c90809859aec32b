"""MutualFormer's decode head for RGB-D salient object detection (section 4)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from fastreid_mm.errors import InputError
from mmseg_mm.models.fusion_level import FusionLevel
from mmseg_mm.models.map_loss import MapLoss
from mmseg_mm.models.sub_decoder import SubDecoder
from mmseg_mm.models.vit_initialization import start_from_vit

Pair = tuple[Tensor, Tensor]
FIRST_LEVEL = 2
"""The paper counts levels from the backbone's stem."""
INITIALIZATION = (
    dict(type="Kaiming", layer="Conv2d", mode="fan_in", nonlinearity="relu"),
    dict(type="TruncNormal", layer="Linear", std=0.02),
)


@MODELS.register_module()
class MutualFormerHead(BaseDecodeHead):
    """Fuses both modalities level by level and decodes the fused maps twice, the second time with the first's feedback.

    Args:
        in_channels: of the backbones' maps, finest level first.
        channels: of everything after them.
        input_size: (H, W) of training images; learned positions are made for it, and resized for others.
        patch_size, patch_strides: of the tokens; the paper's give 100, 81, 36 and 1 of them at 352 x 352.
        feature_strides: of the backbones' maps against the image.
        fusion: arguments of :class:`TokenFusion`: tables 3 (``depth``), 4 (``variant``) and 5 (``epsilon``).
        detail: of :class:`FusionLevel`.
        vit: checkpoint of a ViT as wide as ``channels`` that training starts the fusion's layers from, see
            :func:`start_from_vit`. The paper says so of its own, but no published ViT is 64 wide; without, they start
            as a ViT's do, truncated normal with a deviation of 0.02.
        loss_decode: of every saliency map (eq. 13), or several that are added; any of the registry's that
            :class:`MapLoss` can use.
        loss_regularization: of a pair of maps, one a modality, that each level gives in training.
        regularization: its share "lambda" (eq. 15, table 6); 0 leaves out the maps too.
        decode_head: further arguments of mmsegmentation's ``BaseDecodeHead``.

    Raises:
        InputError: ``regularization`` outside [0, 1), unequal numbers of levels, or what :class:`FusionLevel` and
            :class:`MapLoss` raise.
    """

    def __init__(
        self,
        in_channels: Sequence[int] = (256, 512, 1024, 2048),
        channels: int = 64,
        input_size: tuple[int, int] = (352, 352),
        patch_size: int = 11,
        patch_strides: Sequence[int] = (8, 4, 2, 1),
        feature_strides: Sequence[int] = (4, 8, 16, 32),
        fusion: dict | None = None,
        detail: str = "none",
        vit: str | None = None,
        loss_decode: dict | Sequence[dict] | None = None,
        loss_regularization: dict | None = None,
        regularization: float = 0.4,
        norm_cfg: dict | None = None,
        init_cfg: Sequence[dict] | None = INITIALIZATION,
        **decode_head,
    ) -> None:
        if not 0 <= regularization < 1:
            raise InputError(f"regularization {regularization} is not in [0, 1)")
        if not len(in_channels) == len(patch_strides) == len(feature_strides):
            raise InputError(
                f"in_channels {tuple(in_channels)}, patch_strides {tuple(patch_strides)} and "
                f"feature_strides {tuple(feature_strides)} are not for equally many levels"
            )
        super().__init__(
            list(in_channels),
            channels,
            num_classes=2,
            out_channels=1,
            threshold=0.5,
            dropout_ratio=0,
            in_index=list(range(len(in_channels))),
            input_transform="multiple_select",
            norm_cfg=norm_cfg or dict(type="BN"),
            loss_decode=loss_decode or dict(type="PixelPositionAwareLoss"),
            init_cfg=list(init_cfg) if init_cfg else None,
            **decode_head,
        )
        single = not isinstance(self.loss_decode, nn.ModuleList)
        self.map_losses = [MapLoss(loss) for loss in ([self.loss_decode] if single else self.loss_decode)]
        fusion = dict(num_heads=8, depth=2, epsilon=0.6) | (fusion or {})
        self.squeeze = nn.ModuleList(
            nn.ModuleList(ConvModule(size, channels, 1, norm_cfg=self.norm_cfg) for _ in range(2))
            for size in in_channels
        )
        self.levels = nn.ModuleList(
            FusionLevel(channels, _map_size(input_size, feature_stride), patch_size, stride, detail, **fusion)
            for feature_stride, stride in zip(feature_strides, patch_strides)
        )
        self.decoders = nn.ModuleList(SubDecoder(channels, len(in_channels), self.norm_cfg) for _ in range(2))
        self.conv_seg = _saliency(channels)
        self.first_seg = _saliency(channels)
        self.level_seg = nn.ModuleList(_saliency(channels) for _ in in_channels)
        self.vit = vit
        self.regularization = regularization
        if regularization:
            self.loss_regularization = MODELS.build(loss_regularization or dict(type="CrossModalFocalLoss"))
            self.modality_seg = nn.ModuleList(nn.ModuleList(_saliency(channels) for _ in range(2)) for _ in in_channels)

    def init_weights(self) -> None:
        """As ``init_cfg`` and ``vit`` say.

        Raises:
            InputError: see :func:`start_from_vit`.
        """
        super().init_weights()
        if self.vit is not None:
            levels = cast(Iterable[FusionLevel], self.levels)
            fusions = {f"level {number}": level.fuse.fusion for number, level in enumerate(levels, FIRST_LEVEL)}
            start_from_vit(fusions, self.vit)

    def forward(self, inputs: Sequence[Pair]) -> Tensor:
        """(B, C_l, H_l, W_l) of image and depth for each level to (B, 1, H_0, W_0) logits."""
        return self.cls_seg(self._decode(self._squeeze(inputs))[-1])

    def loss(self, inputs: Sequence[Pair], batch_data_samples: list, train_cfg: dict) -> dict[str, Tensor]:
        """Both terms of eq. 15 for ``inputs`` as in :meth:`forward`; padding of a mask (255) counts as background.

        Returns:
            What is added up, by place and loss: ``decoder1.loss_ppa``, ``decoder2.loss_ppa``, ``level2.loss_ppa`` to
            ``level5.loss_ppa``, and ``level2.loss_regularization`` to ``level5.loss_regularization``.
        """
        mask = self._stack_batch_gt(batch_data_samples) == 1  # (B, 1, H, W)
        squeezed = self._squeeze(inputs)
        losses: dict[str, Tensor] = {}
        for place, share, logits in self._maps(squeezed):
            logits = _enlarge(logits, mask)
            for loss in self.map_losses:
                name = f"{place}.{loss.name}"
                value = (1 - self.regularization) * share * loss(logits, mask)
                losses[name] = losses[name] + value if name in losses else value
        if self.regularization:
            modality_segs = cast(Iterable[nn.ModuleList], self.modality_seg)
            for number, (segs, pair) in enumerate(zip(modality_segs, squeezed), FIRST_LEVEL):
                pair_logits = (_enlarge(seg(x), mask) for seg, x in zip(segs, pair))
                losses[f"level{number}.loss_regularization"] = self.regularization * self.loss_regularization(
                    *pair_logits, mask
                )
        return losses

    def _maps(self, squeezed: Sequence[Pair]) -> Iterator[tuple[str, float, Tensor]]:
        """Place, share and logits of what eq. 14 adds: the mean over the decoders, and levels with halving weights."""
        refined, first, second = self._decode(squeezed)
        yield "decoder1", 0.5, self.first_seg(first)
        yield "decoder2", 0.5, self.cls_seg(second)
        for index, (seg, level) in enumerate(zip(self.level_seg, refined)):
            yield f"level{index + FIRST_LEVEL}", 0.5 ** (index + 1), seg(level)

    def _squeeze(self, inputs: Sequence[Pair]) -> list[Pair]:
        squeezes = cast(Iterable[nn.ModuleList], self.squeeze)
        return [(image(maps[0]), depth(maps[1])) for (image, depth), maps in zip(squeezes, inputs)]

    def _decode(self, squeezed: Sequence[Pair]) -> tuple[list[Tensor], Tensor, Tensor]:
        """What the second decoder refined, and what each of both merged."""
        fused = [level(*pair) for level, pair in zip(self.levels, squeezed)]
        refined, first = self.decoders[0](fused)
        refined, second = self.decoders[1](refined, feedback=first)
        return refined, first, second


def _map_size(input_size: tuple[int, int], stride: int) -> tuple[int, int]:
    """(H, W) of a backbone's map, which has the sides of the image divided by its stride and rounded up."""
    height, width = input_size
    return -(-height // stride), -(-width // stride)


def _saliency(channels: int) -> nn.Conv2d:
    return nn.Conv2d(channels, 1, 3, padding=1)


def _enlarge(logits: Tensor, mask: Tensor) -> Tensor:
    return F.interpolate(logits, size=mask.shape[-2:], mode="bilinear", align_corners=False)
