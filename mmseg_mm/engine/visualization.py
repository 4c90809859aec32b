"""Pictures of soft saliency maps, with the set's name in the file name."""

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
    """The host's hook, for ``test.py --show-dir``.

    Its own asks the runner for an iteration, which builds the training set for it, and does not tell apart files of one
    name in two sets.

    Args:
        interval: one of how many batches is drawn.
        hook: further arguments of the host's.
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
    """Image, mask and saliency map side by side, as far as there are any; the host's draws cut masks over the image.

    Files are called ``SET_NAME``, since sets have files of the same names.
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
        """Draw a sample, show it or save it, as the host's visualizer does.

        Args:
            name: of the picture.
            image: (H, W, 3), red, green and blue, 0 to 255.
            data_sample: ``gt_sem_seg`` of 0 and 1, ``seg_logits`` of probabilities, both perhaps, (1, H, W) each.
            draw_gt, draw_pred: whether to draw them.
            show, wait_time: show it in a window, for so many seconds.
            out_file: where to save it; the backends, with ``step``, if not given.
            with_labels: not used, there is one class.
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
    """(1, H, W) between 0 and 1, 255 for what is ignored, to (H, W, 3) between 0 and 255."""
    return np.repeat(values[0, ..., None].astype(np.float32).clip(0, 1) * 255, 3, axis=2)
