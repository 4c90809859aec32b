"""Features of images by an exported ONNX file, without PyTorch."""

from collections.abc import Mapping, Sequence
from os import PathLike, fspath

import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_arguments import list_images, list_modalities, require_batch_size
from fastreid_mm.common.onnx_description import KEY
from fastreid_mm.common.onnx_session import open_session
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.common.read_image import AnyImage, PixelRule
from fastreid_mm.export.description import IMAGES, Description
from fastreid_mm.export.prepare_image import prepare_image


class OnnxPredictor:
    """Predictor of features like :class:`fastreid_mm.Predictor`, with ONNX Runtime, NumPy and Pillow only.

    >>> predictor = OnnxPredictor("cmtr.onnx")  # doctest: +SKIP
    >>> predictor.features(["night/1.jpg", "night/2.jpg"], "infrared")  # doctest: +SKIP

    Args:
        path: a file that ``tools/export.py`` wrote.
        providers: ONNX Runtime's execution providers, of which the first available one is used;
            "CUDAExecutionProvider" needs ``onnxruntime-gpu``.
        max_pixels: image files with more pixels are refused, like ``INPUT.MAX_PIXELS`` in a config.

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
        path = fspath(path)
        self.session = open_session(path, providers)
        self.description = Description.from_json(self.session.get_modelmeta().custom_metadata_map.get(KEY), path)
        """The file's description of its inputs and outputs."""
        description = self.description
        self._pixels = PixelRule(tuple(description.range_16bit), max_pixels, tuple(description.percentiles_16bit))

    def features(
        self,
        images: Sequence[AnyImage] | Sequence[Mapping[str, AnyImage]],
        modality: str | Sequence[str] = "",
        batch_size: int = 64,
    ) -> np.ndarray:
        """Return the (N, D) float32 features that :meth:`fastreid_mm.Predictor.features` gives of the same images.

        A row holds all outputs: CMT's ``features``, ``scale`` and ``shift`` side by side; of aligned samples,
        ``features`` and a 1 for each modality that is present. The arguments are those of :meth:`outputs`.
        """
        images = list_images(images, self._sample)
        modality = modality if isinstance(modality, str) else list_modalities(modality, len(images))
        outputs = self.outputs(images, modality, batch_size)
        if self.description.aligned:
            outputs["held"] = self._kinds(images, modality).astype(np.float32)
        return np.concatenate(list(outputs.values()), axis=1)

    def outputs(
        self,
        images: Sequence[AnyImage] | Sequence[Mapping[str, AnyImage]],
        modality: str | Sequence[str] = "",
        batch_size: int = 64,
    ) -> dict[str, np.ndarray]:
        """Return the outputs of the network by name, one row for each image: ``features``, CMT's ``scale``, ``shift``.

        Args:
            images: one or more. For methods of visible and infrared images: paths, PIL images or arrays. For aligned
                methods: for each sample a mapping from names of modalities to its images, without those that it
                lacks. A single one counts as a list of one.
            modality: "visible" or "infrared", of all images or of each; empty for aligned samples.
            batch_size: number of images or samples at a time; a file that was exported for batches of one size has its
                own.

        Raises:
            InputError: an image, which is named, cannot be read, or images and modality do not fit the network.
        """
        images = list_images(images, self._sample)
        kinds, batch_size = self._kinds(images, modality), self._fixed_batch or require_batch_size(batch_size)
        batches = [
            self._run(
                np.stack([self._prepare(image) for image in images[start : start + batch_size]]),
                kinds[start : start + batch_size],
            )
            for start in range(0, len(images), batch_size)
        ]
        names = [output.name for output in self.session.get_outputs()]
        return {name: np.concatenate(parts) for name, parts in zip(names, zip(*batches))}

    @property
    def _fixed_batch(self) -> int:
        """Number of images of every batch if the file was exported for one, or 0."""
        first = self.session.get_inputs()[0].shape[0]
        return first if isinstance(first, int) else 0

    def _run(self, images: np.ndarray, kinds: np.ndarray) -> list[np.ndarray]:
        """Compute the outputs of a batch; one that is shorter than a fixed size is filled with its last image."""
        count = len(images)
        if self._fixed_batch > count:
            where = np.minimum(np.arange(self._fixed_batch), count - 1)
            images, kinds = images[where], kinds[where]
        outputs = self.session.run(None, {IMAGES: images, self.description.second_input: kinds})
        return [output[:count] for output in outputs]

    @property
    def _sample(self) -> Sequence[str]:
        """Names of the modalities of a sample; none if the network takes single images."""
        return self.description.modalities if self.description.aligned else ()

    def _kinds(self, images: Sequence, modality: str | Sequence[str]) -> np.ndarray:
        """Make the second input: (N,) labels, or the (N, M) mask of the modalities that samples have."""
        names = self.description.modalities
        if not self.description.aligned:
            labels = list_modalities(modality, len(images))
            if any(name not in names for name in labels):
                raise InputError(f"modality {modality!r}: {len(images)} images need {' or '.join(names)}, or one each")
            return np.array([names.index(name) for name in labels], np.int64)
        if modality or any(not isinstance(one, Mapping) or not one or set(one) - set(names) for one in images):
            raise InputError(f"of this network each sample maps {', '.join(names)} to images")
        return np.array([[name in sample for name in names] for sample in images])

    def _prepare(self, sample: AnyImage | Mapping[str, AnyImage]) -> np.ndarray:
        """Prepare an image, (3, H, W), or a sample, (M, 3, H, W) with zeros for missing images."""
        size, resize = self.description.size, self.description.resize
        if not isinstance(sample, Mapping):
            return prepare_image(sample, size, resize, self._pixels)
        views = {name: prepare_image(image, size, resize, self._pixels) for name, image in sample.items()}
        empty = np.zeros((3, *size), np.float32)
        return np.stack([views.get(name, empty) for name in self.description.modalities])
