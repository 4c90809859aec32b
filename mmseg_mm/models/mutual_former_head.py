"""MutualFormer's decode head for RGB-D salient object detection (section 4.1)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.find_weights import find_weights
from fastreid_mm.layers.vit_start import VIT_NAMES, start_from_vit
from mmseg_mm.engine.safe_checkpoint import read_checkpoint
from mmseg_mm.models.fusion_level import FusionLevel
from mmseg_mm.models.map_loss import MapLoss
from mmseg_mm.models.sub_decoder import SubDecoder

Pair = tuple[Tensor, Tensor]
FIRST_LEVEL = 2
"""Number of the finest level, since the paper counts levels from the stem of the backbone."""
INITIALIZATION = (
    dict(type="Kaiming", layer="Conv2d", mode="fan_in", nonlinearity="relu"),
    dict(type="TruncNormal", layer="Linear", std=0.02),
)


@MODELS.register_module()
class MutualFormerHead(BaseDecodeHead):
    """Decode head that fuses both modalities at each level, and decodes the fused maps by two sub-decoders.

    The second sub-decoder gets the result of the first one as feedback.

    Args:
        in_channels: the numbers of channels of the backbones' maps, finest level first.
        channels: the number of channels of all later maps.
        input_size: the size (H, W) of training images, which the position embeddings are made for. They are
            interpolated for other sizes.
        patch_size, patch_strides: the size and the strides of the patches. Those of the paper give 100, 81, 36 and 1
            tokens at 352 x 352.
        feature_strides: the strides of the backbones' maps.
        fusion: the arguments of :class:`TokenFusion`: tables 3 (``depth``), 4 (``variant``) and 5 (``epsilon``).
        detail: the argument of :class:`FusionLevel`.
        vit: the checkpoint of a ViT with ``channels`` channels that initializes the layers of the fusion, see
            :func:`start_from_vit`. The paper starts from a ViT, but no published one has 64 channels. By default the
            layers are initialized as a ViT is, by a truncated normal distribution with a deviation of 0.02.
        loss_decode: the loss of every saliency map (eq. 13), or several to be added. They may be any in the registry
            that :class:`MapLoss` can use.
        loss_regularization: the loss of the saliency maps that each level gives for both modalities in training.
        regularization: the weight "lambda" of that loss (eq. 15, table 6). With 0 these maps are left out, too.
        norm_cfg: the config of the norms, by default batch normalization.
        init_cfg: the configs of the initialization.
        decode_head: of the further arguments of mmsegmentation's ``BaseDecodeHead`` only ``align_corners``; the others
            would have no effect.

    Raises:
        InputError: an argument has no effect or is unknown, ``regularization`` is outside [0, 1), the numbers of levels
            differ, or :class:`FusionLevel` or :class:`MapLoss` raises it.
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
        unknown = sorted(set(decode_head) - {"align_corners"})
        if unknown:
            raise InputError(f"MutualFormerHead cannot use {', '.join(unknown)}")
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
        self.vit = vit
        self.regularization = regularization
        if regularization:
            self.loss_regularization = MODELS.build(loss_regularization or dict(type="CrossModalFocalLoss"))
        sizes = [(-(-input_size[0] // stride), -(-input_size[1] // stride)) for stride in feature_strides]  # rounded up
        fusion = dict(num_heads=8, depth=2, epsilon=0.6) | (fusion or {})
        self._build_layers(
            FusionLevel(channels, size, patch_size, stride, detail, **fusion)
            for size, stride in zip(sizes, patch_strides)
        )

    def _build_layers(self, levels: Iterable[FusionLevel]) -> None:
        """Make the layers that have weights."""
        channels, in_channels = self.channels, self.in_channels
        self.squeeze = nn.ModuleList(
            nn.ModuleList(ConvModule(size, channels, 1, norm_cfg=self.norm_cfg) for _ in range(2))
            for size in in_channels
        )
        self.levels = nn.ModuleList(levels)
        self.decoders = nn.ModuleList(SubDecoder(channels, len(in_channels), self.norm_cfg) for _ in range(2))
        self.conv_seg = _saliency(channels)
        self.first_seg = _saliency(channels)
        self.level_seg = nn.ModuleList(_saliency(channels) for _ in in_channels)
        if self.regularization:
            self.modality_seg = nn.ModuleList(nn.ModuleList(_saliency(channels) for _ in range(2)) for _ in in_channels)

    def init_weights(self) -> None:
        """Initialize the weights by ``init_cfg`` and ``vit``.

        Raises:
            InputError: The checkpoint of the ViT cannot be read, or see :func:`start_from_vit`.
        """
        super().init_weights()
        if self.vit is None:
            return
        content = read_checkpoint(self.vit, advice="a file of the ViT's weights alone can be read")
        weights = find_weights(content, self.vit, VIT_NAMES).state
        for level in cast(Iterable[FusionLevel], self.levels):
            start_from_vit(level.fuse.fusion, weights, self.vit)

    def forward(self, inputs: Sequence[Pair]) -> Tensor:
        """Compute logits (B, 1, H_0, W_0) from maps (B, C_l, H_l, W_l) of image and depth for each level."""
        return self.cls_seg(self._decode(self._squeeze(inputs), only_merged=True)[-1])

    def loss(self, inputs: Sequence[Pair], batch_data_samples: list, train_cfg: dict) -> dict[str, Tensor]:
        """Compute both terms of eq. 15 for ``inputs`` as in :meth:`forward`.

        The padding of a mask (255) counts as background.

        Returns:
            The summands by map and loss: ``decoder1.loss_ppa``, ``decoder2.loss_ppa``, ``level2.loss_ppa`` to
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
        """Yield the name, the weight and the logits of every map in eq. 14.

        It adds the mean over the decoders, and the levels with weights that halve from level to level.
        """
        refined, first, second = self._decode(squeezed)
        yield "decoder1", 0.5, self.first_seg(first)
        yield "decoder2", 0.5, self.cls_seg(second)
        for index, (seg, level) in enumerate(zip(self.level_seg, refined)):
            yield f"level{index + FIRST_LEVEL}", 0.5 ** (index + 1), seg(level)

    def _squeeze(self, inputs: Sequence[Pair]) -> list[Pair]:
        squeezes = cast(Iterable[nn.ModuleList], self.squeeze)
        return [(image(maps[0]), depth(maps[1])) for (image, depth), maps in zip(squeezes, inputs)]

    def _decode(
        self, squeezed: Sequence[Pair], only_merged: bool = False
    ) -> tuple[list[Tensor | None], Tensor, Tensor]:
        """Return the refined maps of the second decoder, and the merged maps of the first and the second one.

        The refined maps only serve training; with ``only_merged`` they are left out.
        """
        fused = [level(*pair) for level, pair in zip(self.levels, squeezed)]
        refined, first = self.decoders[0](fused)
        refined, second = self.decoders[1](refined, feedback=first, only_merged=only_merged)
        return refined, first, second


def _saliency(channels: int) -> nn.Conv2d:
    return nn.Conv2d(channels, 1, 3, padding=1)


def _enlarge(logits: Tensor, mask: Tensor) -> Tensor:
    return F.interpolate(logits, size=mask.shape[-2:], mode="bilinear", align_corners=False)
