"""Base class and checks of the visible-infrared data sets."""

from collections import defaultdict

from fastreid.data.datasets.bases import ImageDataset
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.image_files import LeftOut
from fastreid_mm.common.modality import VISIBLE
from fastreid_mm.data.items import Item, as_items


class CrossModalityDataset(ImageDataset):
    """Data set of single images, each visible or infrared.

    Each :class:`Item` has a ``modality``, 0 = visible and 1 = infrared. ``query`` and ``gallery`` hold every test image
    a protocol may use; it draws its galleries from them.
    """

    left_out: LeftOut
    """Files and folders in the set's folder that are none of its images."""

    protocol = "market"
    """Name of the test protocol, see :mod:`fastreid_mm.protocols.registry`."""

    @classmethod
    def options(cls, cfg: CfgNode) -> dict:
        """Return the keyword arguments of the constructor that come from the config."""
        return {}

    def combine_all(self) -> None:
        """Add the test images to the training images. Overridden, as the host unpacks items of exactly three fields.

        The numbers of test identities follow those of training identities: RegDB counts both from 0, for different
        people.
        """
        first = 1 + max(item[1] for item in self.train)
        self._train = self.train + [item._replace(pid=first + item.pid) for item in as_items(self.query + self.gallery)]


def require_images(ids: list[int], items: list[Item], folder: str, what: str) -> None:
    """Refuse identities of split files that have no image.

    Raises:
        InputError: names the first such identities and the folder.
    """
    empty = sorted(set(ids) - {item.pid for item in items})
    if empty:
        raise InputError(
            f"{what}: identities {', '.join(map(str, empty[:5]))} of the split files have no image under {folder}"
        )


def require_both_modalities(items: list[Item], what: str) -> None:
    """Refuse training identities that lack images of one modality.

    Raises:
        InputError: names the first such identities and the modality they lack.
    """
    seen = defaultdict(set)
    for item in items:
        seen[item.pid].add(item.modality)
    missing = [
        f"{pid} (no {'infrared' if VISIBLE in modalities else 'visible'})"
        for pid, modalities in sorted(seen.items())
        if len(modalities) < 2
    ]
    if missing:
        raise InputError(f"{what}: identities without images of both modalities: {listed(missing, 5, ', ')}")
