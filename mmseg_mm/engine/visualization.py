"""Pictures of soft saliency maps, with the name of the data set in the file name."""

from collections.abc import Sequence
from pathlib import Path

import mmcv
import numpy as np
from mmengine import fileio
from mmengine.dist import master_only
from mmengine.runner import Runner
from mmseg.engine import SegVisualizationHook
from mmseg.registry import HOOKS, VISUALIZERS
from mmseg.structures import SegDataSample
from mmseg.visualization import SegLocalVisualizer


@HOOKS.register_module()
class SaliencyVisualizationHook(SegVisualizationHook):
    """mmsegmentation's hook, adapted to ``test.py --show-dir`` for saliency maps.

    mmsegmentation's own hook asks the runner for its iteration, which builds the training set, and does not tell apart
    files of the same name in two data sets.

    Args:
        interval: Every how many batches one is drawn.
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
        for output in outputs:
            image = mmcv.imfrombytes(fileio.get(output.img_path, self.backend_args), channel_order="rgb")
            self._visualizer.add_datasample(
                Path(output.img_path).stem, image, output, show=self.show, wait_time=self.wait_time, step=step
            )


@VISUALIZERS.register_module()
class SaliencyVisualizer(SegLocalVisualizer):
    """Draws image, mask and saliency map side by side, as far as they are given.

    mmsegmentation's own visualizer draws thresholded masks over the image. Files are called ``SET_NAME``, since data
    sets have files of the same names.
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
            name: The name of the picture.
            image: The image (H, W, 3), red, green and blue from 0 to 255.
            data_sample: A sample with ``gt_sem_seg`` of 0 and 1, with ``seg_logits`` of probabilities, or with both,
                (1, H, W) each.
            draw_gt: Whether to draw the mask.
            draw_pred: Whether to draw the saliency map.
            show: Whether to show the picture in a window.
            wait_time: How many seconds to show it.
            out_file: The file to save it in. If it is not given, the backends get the picture with ``step``.
            step: The number of the picture for the backends.
            with_labels: This is not used, since there is one class only.
        """
        sample = data_sample if data_sample is not None else SegDataSample()
        wanted = [key for key, draw in (("gt_sem_seg", draw_gt), ("seg_logits", draw_pred)) if draw and key in sample]
        panels = [image, *(_grey(sample.get(key).cpu().numpy().data) for key in wanted)]
        drawn = np.concatenate([np.rint(panel).astype(np.uint8) for panel in panels], axis=1)
        self.set_image(drawn)
        prefix = f"{sample.dataset_name}_" if "dataset_name" in sample else ""
        if show:
            self.show(drawn, win_name=prefix + name, wait_time=wait_time)
        if out_file is not None:
            path = Path(out_file)
            mmcv.imwrite(mmcv.rgb2bgr(drawn), str(path.with_name(prefix + path.name)))
        else:
            self.add_image(prefix + name, drawn, step)


def _grey(values: np.ndarray) -> np.ndarray:
    """Turn a map (1, H, W) between 0 and 1 into a grey image (H, W, 3) between 0 and 255.

    The label 255, which stands for ignored pixels, becomes white.
    """
    return np.repeat(values[0, ..., None].astype(np.float32).clip(0, 1) * 255, 3, axis=2)
