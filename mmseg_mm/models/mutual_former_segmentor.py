"""MutualFormer's segmentor: one backbone for the image and one for depth."""

from collections.abc import Sequence

from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from fastreid_mm.errors import InputError

MODALITIES = ("image", "depth")
PADDING = ("padding_size", "img_padding_size")
"""How far a data preprocessor padded an image, on its four sides."""


@MODELS.register_module()
class MutualFormerSegmentor(EncoderDecoder):
    """An encoder-decoder with two independent backbones, built from the same config.

    Training, whole and sliding inference are mmsegmentation's own. The ``seg_logits`` of a result are probabilities, as
    for any of its segmentors with ``out_channels=1``: average them as they are (:class:`SaliencyTTAModel`).

    Args:
        backbone: config of each backbone.
        decode_head: config of the head, which is given pairs of maps. An ``auxiliary_head`` may be any of the host's;
            for its ``in_index`` the image's levels are 0 to 3, the depth's 4 to 7.
        modalities: what each backbone sees. ("image", "image") and ("depth", "depth") are the baselines of a single
            modality: the same network, with nothing to learn from the other one.
        segmentor: further arguments of mmsegmentation's ``EncoderDecoder``.

    Raises:
        InputError: unknown modalities; in ``forward``, images that have neither four channels nor six.
    """

    def __init__(self, backbone: dict, decode_head: dict, modalities: Sequence[str] = MODALITIES, **segmentor) -> None:
        if len(modalities) != 2 or not set(modalities) <= set(MODALITIES):
            raise InputError(f"modalities {tuple(modalities)} are not two of {', '.join(MODALITIES)}")
        super().__init__(backbone, decode_head, **segmentor)
        self.depth_backbone = MODELS.build(backbone)
        self.modalities = tuple(modalities)

    def extract_feat(self, inputs: Tensor) -> list[tuple[Tensor, Tensor]]:
        """(B, 6, H, W), RGB and depth, to both backbones' (B, C_l, H_l, W_l) for each level, finest first.

        Of (B, 4, H, W) the fourth channel is all three of depth.
        """
        if inputs.shape[1] not in (4, 6):
            raise InputError(f"an image with depth has 4 or 6 channels, not {inputs.shape[1]}: is it stacked?")
        inputs = inputs.to(next(self.backbone.parameters()).dtype)
        known = {"image": inputs[:, :3], "depth": inputs[:, 3:].expand(-1, 3, -1, -1)}
        first, second = (known[modality] for modality in self.modalities)
        return list(zip(self.backbone(first), self.depth_backbone(second)))

    def _auxiliary_head_forward_train(
        self, inputs: list[tuple[Tensor, Tensor]], data_samples: list[SegDataSample]
    ) -> dict[str, Tensor]:
        """The host's heads choose maps by ``in_index``: the first backbone's levels, then the second one's."""
        return super()._auxiliary_head_forward_train([maps for stream in zip(*inputs) for maps in stream], data_samples)

    def predict(self, inputs: Tensor, data_samples: list[SegDataSample] | None = None) -> list[SegDataSample]:
        """(B, 6, H, W) to results at each sample's ``ori_shape``; at H x W without samples."""
        if data_samples is None:
            size = tuple(inputs.shape[-2:])
            meta = {"ori_shape": size, "img_shape": size, "pad_shape": size}
            data_samples = [SegDataSample(metainfo=meta) for _ in inputs]
        return super().predict(inputs, data_samples)

    def whole_inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """(B, 6, H, W) to (B, 1, h, w) float32 logits, which are enlarged to the masks' size at once.

        The host enlarges to H x W first. Only padding, which it counts in pixels of H x W, needs that.
        """
        if any(any(meta.get(key, ())) for meta in batch_img_metas for key in PADDING):
            return super().whole_inference(inputs, batch_img_metas).float()
        return self._forward(inputs).float()
