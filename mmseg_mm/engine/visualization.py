"""Pictures of soft saliency maps, with the name of the data set in the file name."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import mmcv
import numpy as np
import torch
from mmengine import fileio
from mmengine.dist import master_only
from mmengine.runner import Runner
from mmseg.engine import SegVisualizationHook
from mmseg.registry import HOOKS, VISUALIZERS
from mmseg.structures import SegDataSample
from mmseg.visualization import SegLocalVisualizer

from fastreid_mm.saliency.side_by_side import side_by_side


@HOOKS.register_module()
class SaliencyVisualizationHook(SegVisualizationHook):
    """Hook like mmsegmentation's, adapted to ``test.py --show-dir`` for saliency maps.

    mmsegmentation's own hook asks the runner for its iteration, which builds the training set, and does not distinguish
    files with the same name in two data sets.

    Args:
        interval: The number of batches from one that is drawn to the next.
        hook: Further arguments of mmsegmentation's hook.
    """

    def __init__(self, interval: int = 1, **hook) -> None:
        super().__init__(interval=interval, **hook)

    def _after_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict, outputs: Sequence[SegDataSample], mode: str = "val"
    ) -> None:
        if not self.draw or mode == "train" or not self.every_n_inner_iters(batch_idx, self.interval):
            return
        step = 0 if mode == "test" else runner.iter
        for output, stacked in zip(outputs, _first_views(data_batch["inputs"])):
            image = mmcv.imfrombytes(fileio.get(output.img_path, self.backend_args), channel_order="rgb")
            image = np.dstack((image, _second(stacked, output, image.shape[:2])))
            self._visualizer.add_datasample(
                Path(output.img_path).stem, image, output, show=self.show, wait_time=self.wait_time, step=step
            )


@VISUALIZERS.register_module()
class SaliencyVisualizer(SegLocalVisualizer):
    """Visualizer that draws image, second modality, mask and saliency map side by side, as far as they are given.

    mmsegmentation's own visualizer draws thresholded masks over the image, and has no place for a second modality.
    Files are named ``SET_NAME``, since data sets have files with the same names.
    """

    @master_only
    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: SegDataSample | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | None = None,
        step: int = 0,
        with_labels: bool = True,
    ) -> None:
        """Draw a sample, and show or save it as mmsegmentation's visualizer does.

        Args:
            name, draw_gt, draw_pred, show, wait_time, out_file, step: As mmsegmentation's visualizer takes them.
            image: The image (H, W, 3), red, green and blue from 0 to 255, or (H, W, 4) with depth as the network sees
                it, or (H, W, 6) with red, green and blue of a thermal image.
            data_sample: A sample with ``gt_sem_seg`` of 0 and 1, with ``seg_logits`` of probabilities, or with both,
                (1, H, W) each.
            with_labels: This is not used, since there is only one class.
        """
        sample = data_sample if data_sample is not None else SegDataSample()
        mask, saliency = (
            _grey(sample.get(key).cpu().numpy().data[0]) if wanted and key in sample else None
            for key, wanted in (("gt_sem_seg", draw_gt), ("seg_logits", draw_pred))
        )
        colours = np.rint(image[..., :3]).astype(np.uint8)
        second = {3: None, 4: image[..., -1]}.get(image.shape[2], np.rint(image[..., 3:]).astype(np.uint8))
        drawn = side_by_side(colours, second, saliency, mask)
        self.set_image(drawn)
        prefix = f"{sample.dataset_name}_" if "dataset_name" in sample else ""
        if show:
            self.show(drawn, win_name=prefix + name, wait_time=wait_time)
        if out_file is not None:
            path = Path(out_file)
            mmcv.imwrite(mmcv.rgb2bgr(drawn), str(path.with_name(prefix + path.name)))
        else:
            self.add_image(prefix + name, drawn, step)


def _first_views(inputs: Sequence) -> Sequence[torch.Tensor]:
    """Return the inputs of a batch, with test-time augmentation those of the first view."""
    return inputs if isinstance(inputs[0], torch.Tensor) else inputs[0]


def _second(stacked: torch.Tensor, sample: SegDataSample, size: tuple[int, int]) -> np.ndarray:
    """Return the second modality of an input (4 or 6, h, w) as the network sees it, resized to the image's own size.

    It is the depth (H, W), or red, green and blue of the thermal image (H, W, 3).
    """
    second = stacked[3:].flip(0).permute(1, 2, 0).float().cpu().numpy()
    if sample.get("flip"):
        second = mmcv.imflip(second, sample.flip_direction)
    return cv2.resize(second, size[::-1], interpolation=cv2.INTER_LINEAR)


def _grey(values: np.ndarray) -> np.ndarray:
    """Turn a map (H, W) between 0 and 1 into a grey image, uint8; the label 255 of ignored pixels becomes white."""
    return np.rint(values.astype(np.float32).clip(0, 1) * 255).astype(np.uint8)
