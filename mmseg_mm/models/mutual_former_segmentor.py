"""MutualFormer's segmentor: one backbone for the image and one for its second modality, depth or thermal."""

from collections.abc import Sequence

from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from fastreid_mm.common.errors import InputError

MODALITIES = ("image", "depth")
"""Modalities of the two backbones by default."""
KNOWN = ("image", "depth", "thermal")
PADDING = ("padding_size", "img_padding_size")
"""Keys of the padding that a data preprocessor added on the four sides of an image."""


@MODELS.register_module()
class MutualFormerSegmentor(EncoderDecoder):
    """Encoder-decoder with two independent backbones, built from the same config.

    Training, whole and sliding inference are mmsegmentation's own. The ``seg_logits`` of a result are probabilities, as
    for all its segmentors with ``out_channels=1``, and can be averaged as they are (:class:`SaliencyTTAModel`).

    Args:
        backbone: the config of each backbone.
        decode_head: the config of the head, which gets pairs of maps. An ``auxiliary_head`` may be any of
            mmsegmentation's. In its ``in_index`` the levels of the image are 0 to 3, and those of the second
            modality 4 to 7.
        modalities: the modality that each backbone sees: ("image", "depth"), or ("image", "thermal") for thermal images
            in the place of depth. ("image", "image"), ("depth", "depth") and ("thermal", "thermal") are baselines of
            the same network with a single modality.
        segmentor: further arguments of mmsegmentation's ``EncoderDecoder``.

    Raises:
        InputError: a modality is unknown. In ``forward``, images have neither four nor six channels.
    """

    def __init__(self, backbone: dict, decode_head: dict, modalities: Sequence[str] = MODALITIES, **segmentor) -> None:
        if len(modalities) != 2 or not set(modalities) <= set(KNOWN) or {"depth", "thermal"} <= set(modalities):
            raise InputError(f"modalities {tuple(modalities)} are not image or one of depth and thermal, two in all")
        super().__init__(backbone, decode_head, **segmentor)
        self.depth_backbone = MODELS.build(backbone)
        self.modalities = tuple(modalities)

    def extract_feat(self, inputs: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Compute the maps (B, C_l, H_l, W_l) of both backbones for each level, finest first.

        Args:
            inputs: images (B, 6, H, W) with three channels of colour and three of the second modality, or (B, 4, H, W)
                with one channel, which is then repeated.
        """
        if inputs.shape[1] not in (4, 6):
            raise InputError(
                f"an image with its second modality has 4 or 6 channels, not {inputs.shape[1]}: is it stacked?"
            )
        inputs = inputs.to(next(self.backbone.parameters()).dtype)
        image, other = inputs[:, :3], inputs[:, 3:].expand(-1, 3, -1, -1)
        first, second = (image if modality == "image" else other for modality in self.modalities)
        return list(zip(self.backbone(first), self.depth_backbone(second)))

    def _auxiliary_head_forward_train(
        self, inputs: list[tuple[Tensor, Tensor]], data_samples: list[SegDataSample]
    ) -> dict[str, Tensor]:
        """Compute the losses of the auxiliary heads.

        Their ``in_index`` counts the levels of the first backbone, then those of the second one.
        """
        return super()._auxiliary_head_forward_train([maps for stream in zip(*inputs) for maps in stream], data_samples)

    def predict(self, inputs: Tensor, data_samples: list[SegDataSample] | None = None) -> list[SegDataSample]:
        """Predict from (B, 6, H, W) at the ``ori_shape`` of each sample, or at H x W if no samples are given."""
        if data_samples is None:
            size = tuple(inputs.shape[-2:])
            meta = {"ori_shape": size, "img_shape": size, "pad_shape": size}
            data_samples = [SegDataSample(metainfo=meta) for _ in inputs]
        return super().predict(inputs, data_samples)

    def inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Compute logits, whole or sliding, without mmsegmentation's warning of original sizes that differ in a batch.

        Each map is enlarged to its own size later.
        """
        slides = self.test_cfg.get("mode", "whole") == "slide"
        return (self.slide_inference if slides else self.whole_inference)(inputs, batch_img_metas)

    def whole_inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Compute float32 logits (B, 1, h, w) from (B, 6, H, W), which are later resized to the masks in a single step.

        mmsegmentation resizes to H x W first. Only padding needs that, which is counted in pixels of H x W.
        """
        if any(any(meta.get(key, ())) for meta in batch_img_metas for key in PADDING):
            return super().whole_inference(inputs, batch_img_metas).float()
        return self._forward(inputs).float()
