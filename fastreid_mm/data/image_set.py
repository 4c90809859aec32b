"""Turns data set items into training and test samples."""

from collections.abc import Callable

from fastreid.data.data_utils import read_image
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from fastreid_mm.errors import InputError, first_line


class ImageSet(Dataset):
    """Samples of single images, as dicts of ``images, targets, camids, modalities, img_paths``.

    fast-reid's ``CommDataset`` drops the modality and does not name a file it cannot read.

    Args:
        items: ``(img_path, pid, camid[, modality])``; without a modality the image counts as visible.
        transform: PIL image to a ``(3, H, W)`` tensor of values 0 to 255.
        relabel: map identities to 0 .. N - 1 (training); evaluation keeps them.
        augment: a transformed image and its modality to an image of the same shape, for what depends on the modality.
    """

    def __init__(self, items: list[tuple], transform: Callable[[Image.Image], Tensor], relabel: bool,
                 augment: Callable[[Tensor, int], Tensor] | None = None):
        self.img_items = items
        self.transform = transform
        self.augment = augment
        identities = sorted({item[1] for item in items})
        self.num_classes = len(identities)
        self._label = {pid: label for label, pid in enumerate(identities)} if relabel else None

    def __len__(self) -> int:
        return len(self.img_items)

    def __getitem__(self, index: int) -> dict:
        path, pid, camid, *rest = self.img_items[index]
        modality = rest[0] if rest else 0
        image = self.transform(_read(path))
        return {
            "images": self.augment(image, modality) if self.augment else image,
            "targets": self._label[pid] if self._label else pid,
            "camids": camid,
            "modalities": modality,
            "img_paths": path,
        }


def _read(path: str) -> Image.Image:
    try:
        return read_image(path, format="RGB")  # infrared images become three equal channels
    except (OSError, ValueError, SyntaxError) as error:  # all that PIL raises for broken files
        raise InputError(f"cannot read image {path}: {first_line(error)}") from None
