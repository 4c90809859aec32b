"""Features of images by an exported ONNX file, without PyTorch."""

from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path

import numpy as np

from fastreid_mm.common.errors import InputError, first_line, require_packages
from fastreid_mm.common.image_arguments import list_images, list_modalities, require_batch_size
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.common.read_image import AnyImage, PixelRule
from fastreid_mm.export.description import IMAGES, KEY, Description
from fastreid_mm.export.external_data import require_own_data
from fastreid_mm.export.prepare_image import prepare_image


class OnnxPredictor:
    """Turns images into features as :class:`fastreid_mm.Predictor` does, with ONNX Runtime, NumPy and Pillow.

    >>> predictor = OnnxPredictor("cmtr.onnx")  # doctest: +SKIP
    >>> predictor.features(["night/1.jpg", "night/2.jpg"], "infrared")  # doctest: +SKIP

    Args:
        path: a file that ``tools/export.py`` wrote.
        providers: ONNX Runtime's, the first that can is taken: "CUDAExecutionProvider" needs ``onnxruntime-gpu``.
        max_pixels: image files of more are refused, as ``INPUT.MAX_PIXELS`` says elsewhere.

    Raises:
        InputError: the file is missing, no ONNX, not of this package, or keeps tensors in other files; or ONNX Runtime
            is not installed.
    """

    def __init__(
        self,
        path: str | PathLike,
        providers: Sequence[str] = ("CPUExecutionProvider",),
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        require_packages("export", "onnxruntime")
        from onnxruntime import InferenceSession

        path = fspath(path)
        if not Path(path).is_file():
            raise InputError(f"{path} does not exist")
        require_own_data(path)
        try:
            self.session = InferenceSession(path, providers=list(providers))
        except Exception as error:  # of many kinds, all its own
            raise InputError(f"{path} cannot be run: {first_line(error)}") from None
        self.description = Description.from_json(self.session.get_modelmeta().custom_metadata_map.get(KEY), path)
        """How inputs are made and outputs are to be compared."""
        self._pixels = PixelRule(tuple(self.description.range_16bit), max_pixels)

    def features(
        self,
        images: Sequence[AnyImage] | Sequence[Mapping[str, AnyImage]],
        modality: str | Sequence[str] = "",
        batch_size: int = 64,
    ) -> np.ndarray:
        """(N, D) float32, the rows that :meth:`fastreid_mm.Predictor.features` gives of the same images.

        They hold all outputs: CMT's ``features``, ``scale`` and ``shift`` side by side, and of aligned samples
        ``features`` and a 1 for each modality that is there. The arguments are those of :meth:`outputs`.
        """
        images = list_images(images, self._sample)
        modality = modality if isinstance(modality, str) else list_modalities(modality, len(images))
        found = self.outputs(images, modality, batch_size)
        if self.description.aligned:
            found["held"] = self._kinds(images, modality).astype(np.float32)
        return np.concatenate(list(found.values()), axis=1)

    def outputs(
        self,
        images: Sequence[AnyImage] | Sequence[Mapping[str, AnyImage]],
        modality: str | Sequence[str] = "",
        batch_size: int = 64,
    ) -> dict[str, np.ndarray]:
        """The outputs of the network by name, a row an image: ``features``, and of CMT ``scale`` and ``shift``.

        Args:
            images: one or more. Of visible and infrared images: paths, PIL images or arrays; of aligned samples: for
                each a mapping from names of modalities to images, without those it lacks. One alone counts as a list.
            modality: "visible" or "infrared", of all images or of each; empty for aligned samples.
            batch_size: images or samples at a time.

        Raises:
            InputError: names the image that cannot be read, or says what does not fit the network.
        """
        images = list_images(images, self._sample)
        kinds, batch_size = self._kinds(images, modality), require_batch_size(batch_size)
        batches = [
            self.session.run(
                None,
                {
                    IMAGES: np.stack([self._prepare(image) for image in images[start : start + batch_size]]),
                    self.description.second_input: kinds[start : start + batch_size],
                },
            )
            for start in range(0, len(images), batch_size)
        ]
        names = [output.name for output in self.session.get_outputs()]
        return {name: np.concatenate(parts) for name, parts in zip(names, zip(*batches))}

    @property
    def _sample(self) -> Sequence[str]:
        """The modalities that a sample maps to images, none where images are single."""
        return self.description.modalities if self.description.aligned else ()

    def _kinds(self, images: Sequence, modality: str | Sequence[str]) -> np.ndarray:
        """The second input: (N,) labels, or the (N, M) mask of the modalities that samples have."""
        names = self.description.modalities
        if not self.description.aligned:
            given = list_modalities(modality, len(images))
            if any(name not in names for name in given):
                raise InputError(f"modality {modality!r}: {len(images)} images need {' or '.join(names)}, or one each")
            return np.array([names.index(name) for name in given], np.int64)
        if modality or any(not isinstance(one, Mapping) or not one or set(one) - set(names) for one in images):
            raise InputError(f"of this network each sample maps {', '.join(names)} to images")
        return np.array([[name in sample for name in names] for sample in images])

    def _prepare(self, sample: AnyImage | Mapping[str, AnyImage]) -> np.ndarray:
        """(3, H, W) of an image, (M, 3, H, W) of a sample, zero where it has no image."""
        known = self.description
        if not isinstance(sample, Mapping):
            return prepare_image(sample, known.size, known.resize, self._pixels)
        views = {name: prepare_image(image, known.size, known.resize, self._pixels) for name, image in sample.items()}
        empty = np.zeros((3, *known.size), np.float32)
        return np.stack([views.get(name, empty) for name in known.modalities])
