"""Test-time augmentation of saliency maps."""

import torch
from mmengine.model import BaseTTAModel
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample


@MODELS.register_module()
class SaliencyTTAModel(BaseTTAModel):
    """Average of the probabilities of an image's augmented views.

    mmsegmentation's own ``SegTTAModel`` applies the sigmoid to them a second time, and returns the map of the last view
    in the result.
    """

    def merge_preds(self, data_samples_list: list[list[SegDataSample]]) -> list[SegDataSample]:
        """Merge the views of each image, flipped back and at the original size, to one result for each image."""
        return [self._merge(views) for views in data_samples_list]

    def _merge(self, views: list[SegDataSample]) -> SegDataSample:
        merged = views[0]
        saliency = torch.stack([view.seg_logits.data for view in views]).mean(0)  # (1, H, W)
        merged.set_data(
            {
                "seg_logits": PixelData(data=saliency),
                "pred_sem_seg": PixelData(data=(saliency > self.module.decode_head.threshold).to(saliency)),
            }
        )
        return merged
