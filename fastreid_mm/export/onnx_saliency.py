"""Saliency maps of images by an exported ONNX file, without PyTorch and mmsegmentation."""

from collections.abc import Hashable, Sequence
from os import PathLike, fspath
from typing import Any

import numpy as np

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.onnx_description import KEY
from fastreid_mm.common.onnx_session import open_session
from fastreid_mm.saliency.image_files import read_colours
from fastreid_mm.saliency.onnx_description import IMAGE, OUTPUT, SaliencyDescription
from fastreid_mm.saliency.pair_predictor import PairPredictor


class OnnxSaliencyPredictor(PairPredictor):
    """Predictor of saliency maps like ``mmseg_mm.SaliencyPredictor``, with ONNX Runtime, NumPy, OpenCV and Pillow only.

    >>> predictor = OnnxSaliencyPredictor("network.onnx")  # doctest: +SKIP
    >>> predictor([("image.jpg", "depth.png")])  # doctest: +SKIP

    Args:
        path: a file that ``tools/export_sod.py`` wrote.
        providers: ONNX Runtime's execution providers, of which the first available one is used;
            "CUDAExecutionProvider" needs ``onnxruntime-gpu``.
        options: arguments of :class:`PairPredictor` by name: ``depth_direction``, ``max_pixels``, ``thermal_range``,
            ``resize`` and ``missing``.

    Raises:
        InputError: see :class:`PairPredictor`; or the file is missing, no saliency network of this package, or keeps
            tensors in other files. On use, an image has another size than the only one that the file takes.
    """

    def __init__(
        self, path: str | PathLike, providers: Sequence[str] = ("CPUExecutionProvider",), **options: Any
    ) -> None:
        super().__init__(**options)
        self.path = fspath(path)
        self.session = open_session(path, providers)
        text = self.session.get_modelmeta().custom_metadata_map.get(KEY)
        self.description = SaliencyDescription.from_json(text, self.path)
        """The file's description of its second input."""
        self.modality = self.description.modality
        self._loader = self.description.loader()
        first, *axes = self.session.get_inputs()[0].shape
        self._batch = first if isinstance(first, int) else 0
        self._size = [axis if isinstance(axis, int) else 0 for axis in axes[-2:]]

    def prepare(self, sample: dict) -> dict:
        """Read the files of a sample: ``image`` (3, H, W), red, green and blue, and ``depth`` or ``thermal``."""
        if "img" not in sample:
            sample["img"] = read_colours(sample["img_path"])
        sample = self._loader.transform(sample)
        image, second = sample["img"], sample[self.modality]
        for asked, given in zip(self._size, image.shape):
            if asked and asked != given:
                height, width = self._size
                raise InputError(
                    f"{sample.get('img_path', 'the image')} is {image.shape[1]} x {image.shape[0]}, and {self.path} "
                    f"takes images of {width} x {height} alone: export it without a fixed size"
                )
        return {IMAGE: _planes(image), self.modality: second[None] if second.ndim == 2 else _planes(second)}

    def size_of(self, sample: dict) -> Hashable:
        """Return the size of an image."""
        return sample[IMAGE].shape

    def compute(self, samples: Sequence[dict]) -> list[np.ndarray]:
        """Run the file on batches, of which a short one is filled up if the file takes one size alone."""
        size, maps = self._batch or len(samples), []
        for start in range(0, len(samples), size):
            part = samples[start : start + size]
            filled = [*part, *[part[-1]] * (size - len(part))]
            inputs = {name: np.stack([sample[name] for sample in filled]) for name in (IMAGE, self.modality)}
            try:
                (found,) = self.session.run([OUTPUT], inputs)
            except Exception as error:  # ONNX Runtime raises many kinds of errors
                raise InputError(f"{self.path} cannot be run: {first_line(error)}") from None
            maps += list(found[: len(part), 0])
        return maps


def _planes(image: np.ndarray) -> np.ndarray:
    """Turn (H, W, 3), blue, green and red, into (3, H, W) float32, red, green and blue."""
    return np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1), dtype=np.float32)
