"""Predictor of the features of images, from a config and a checkpoint."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from yacs.config import CfgNode

from fastreid_mm.common.batch_layout import move_batch
from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.common.image_arguments import list_images, list_modalities, require_batch_size
from fastreid_mm.common.modality import INFRARED, VISIBLE
from fastreid_mm.common.model_folder import weights_file
from fastreid_mm.common.read_image import AnyImage, PixelRule, as_rgb
from fastreid_mm.data.modalities import aligned_modalities
from fastreid_mm.data.transforms import build_transforms
from fastreid_mm.inference.trained_model import trained_model
from fastreid_mm.modeling.contract import as_meta_architecture
from fastreid_mm.modeling.tested_network import TestedNetwork
from fastreid_mm.settings.config_values import require_device
from fastreid_mm.settings.load import load_config, with_values

Prepare = Callable[[AnyImage | Tensor], Tensor]
"""Function of an image to a (3, H, W) tensor of values 0 to 255."""

MODALITIES = {"visible": VISIBLE, "infrared": INFRARED}
"""Names of the modalities of visible-infrared images."""


class Predictor:
    """Predictor of features as testing computes them: same file reading, size, flip (``TEST.FLIP``), precision.

    >>> predictor = Predictor("configs/SYSU/cmtr.yml", "model_final.pth")  # doctest: +SKIP
    >>> queries = predictor.features(["night/1.jpg", "night/2.jpg"], "infrared")  # doctest: +SKIP
    >>> gallery = predictor.features(["day/1.jpg", "day/2.jpg"], "visible")  # doctest: +SKIP
    >>> predictor.distance(queries, gallery).argmin(1)  # doctest: +SKIP

    >>> predictor = Predictor("hf://user/name")  # doctest: +SKIP

    Args:
        config: path or short name of a config file, or a config; or a folder with a trained network, its path or
            ``hf://user/name``, ``hf://user/name@revision`` on the Hugging Face hub.
        weights: path of a checkpoint or such a folder; if empty, ``MODEL.WEIGHTS`` of the config or the folder's own.
        options: config keys and their values by turns, as on the command line.
        device: device to use instead of ``MODEL.DEVICE``, which is the CPU where there is no GPU.

    Raises:
        InputError: the checkpoint is missing or of another model, or the config cannot be used.
    """

    def __init__(
        self,
        config: str | PathLike | CfgNode,
        weights: str | PathLike = "",
        options: Sequence[str] = (),
        device: str = "",
    ) -> None:
        cfg = load_config(config, options) if isinstance(config, str | PathLike) else config
        device = device or ("cpu" if not torch.cuda.is_available() else cfg.MODEL.DEVICE)
        cfg = with_values(cfg, MODEL__DEVICE=str(device), MODEL__WEIGHTS=weights_file(weights) or cfg.MODEL.WEIGHTS)
        require_device(cfg.MODEL.DEVICE)
        if not cfg.MODEL.WEIGHTS:
            raise InputError("MODEL.WEIGHTS is empty: which checkpoint?")
        self.cfg = cfg
        """Config, with the device and the checkpoint in use."""
        self.modalities = aligned_modalities(cfg)
        """Names of the modalities of an aligned sample; none if images are visible or infrared."""
        self.model = trained_model(cfg)
        """Model in evaluation mode."""
        self.pixels = PixelRule.from_cfg(cfg)
        """Rule by which image files are read."""
        self._transform = build_transforms(cfg, is_train=False)
        self._tested = TestedNetwork(self.model, cfg)

    def features(
        self,
        images: Sequence[AnyImage | Tensor] | Sequence[Mapping[str, AnyImage | Tensor]],
        modality: str | Sequence[str] = "",
        batch_size: int = 64,
    ) -> Tensor:
        """Compute the (N, D) features of N images, float32 on the CPU.

        Args:
            images: for methods of visible and infrared images: paths, PIL images, arrays or results of :meth:`prepare`.
                For methods of aligned images: for each sample a mapping from names of :attr:`modalities` to its images;
                modalities that are left out are missing as in ``TEST.MISSING``. A single one counts as a list of one.
            modality: "visible" or "infrared", of all images or of each; empty for aligned images.
            batch_size: number of images or samples at a time.

        Raises:
            InputError: an image, which is named, cannot be read; images and modality do not fit the method; or there is
                no image.
        """
        samples = self._samples(list_images(images, self.modalities), modality)
        return torch.cat([self._forward(batch) for batch in DataLoader(samples, require_batch_size(batch_size))])

    def prepare(self, image: AnyImage | Tensor) -> Tensor:
        """Read and resize an image as testing does, (3, H, W) of uint8; a prepared image stays as it is.

        Raises:
            InputError: names the image that cannot be read.
        """
        return image if isinstance(image, Tensor) else self._transform(as_rgb(image, self.pixels))

    def distance(self, query: Tensor, gallery: Tensor) -> Tensor:
        """Compute the (Nq, Ng) distances of (Nq, D) and (Ng, D) features by which the method compares."""
        return as_meta_architecture(self.model, self.cfg.TEST.METRIC).pairwise_distance(query, gallery)

    def _samples(self, images: Sequence, modality: str | Sequence[str]) -> Dataset:
        if self.modalities:
            return AlignedImages(images, self.modalities, self.prepare, modality)
        return SingleImages(images, list_modalities(modality, len(images)), self.prepare)

    @torch.inference_mode()
    def _forward(self, batch: dict[str, Tensor]) -> Tensor:
        return self._tested(move_batch(batch, self.cfg.MODEL.DEVICE)).cpu()


class SingleImages(Dataset):
    """Images as the samples of a batch: ``images`` (3, H, W), values 0 to 255, and ``modalities``.

    Raises:
        InputError: a modality is unknown, or there is not one for each image.
    """

    def __init__(self, images: Sequence[AnyImage], modalities: Sequence[str], prepare: Prepare) -> None:
        for name in modalities:
            require_choice("modality", name, MODALITIES)
        if len(modalities) != len(images):
            raise InputError(f"{len(modalities)} modalities for {len(images)} images")
        self._images, self._modalities, self._prepare = images, modalities, prepare

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> dict:
        return {
            "images": self._prepare(self._images[index]),
            "modalities": MODALITIES[self._modalities[index]],
        }


class AlignedImages(Dataset):
    """Samples of several modalities: ``images`` (M, 3, H, W), values 0 to 255, and ``modality_mask`` (M,).

    Raises:
        InputError: a sample is not a mapping, or has no modality or one that the method does not know.
    """

    def __init__(
        self,
        samples: Sequence[Mapping[str, AnyImage]],
        modalities: Sequence[str],
        prepare: Prepare,
        modality: object = "",
    ) -> None:
        expected = f"of this method each sample maps {', '.join(modalities)} to images"
        if modality:
            raise InputError(f"modality {modality!r}: {expected}")
        for sample in samples:
            if not isinstance(sample, Mapping) or not sample or set(sample) - set(modalities):
                given = sorted(map(str, sample)) if isinstance(sample, Mapping) else type(sample).__name__
                raise InputError(f"{expected}, not {given}")
        self._samples, self._modalities, self._prepare = samples, modalities, prepare

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> dict:
        sample = self._samples[index]
        views = {name: self._prepare(image) for name, image in sample.items()}
        empty = torch.zeros_like(next(iter(views.values())))
        return {
            "images": torch.stack([views.get(name, empty) for name in self._modalities]),
            "modality_mask": torch.tensor([name in views for name in self._modalities]),
        }
