"""Images of one's own, by a table of them in place of a benchmark's folders."""

from collections import defaultdict

import numpy as np
from fastreid.data.datasets import DATASET_REGISTRY
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.image_files import LeftOut
from fastreid_mm.common.image_labels import MODALITIES
from fastreid_mm.common.modality import INFRARED, VISIBLE
from fastreid_mm.data.datasets.cross_modality import CrossModalityDataset
from fastreid_mm.data.datasets.set_folders import warn_of_left_out
from fastreid_mm.data.datasets.table_file import ImageTable, read_table
from fastreid_mm.data.items import Item, query_and_gallery
from fastreid_mm.evaluation.hidden_images import JUNK

_WORDS = {"visible": VISIBLE, "infrared": INFRARED}


def table_options(cfg: CfgNode) -> dict:
    """Return the keyword arguments that a table's data set has from the config."""
    return {"file": cfg.DATASETS.TABLE.FILE, "folder": cfg.DATASETS.TABLE.ROOT}


@DATASET_REGISTRY.register()
class Table(CrossModalityDataset):
    """Visible and infrared images, or images of one kind, in the rows of a CSV, see :func:`read_table`.

    The column modality has ``visible`` or ``infrared`` or words that mean these (``MODALITIES``); without it, or
    with the same word everywhere, images are of one kind. Of images of two kinds, ``query`` holds the visible and
    ``gallery`` the infrared test images, and the protocol ranks both directions from them. Training identities
    that lack a modality are left out.

    Args:
        root: the host's folder of data sets, which is not needed.
        file: the path of the CSV.
        folder: the folder that paths in it are relative to; that of the CSV if empty.

    Raises:
        InputError: what :func:`read_table` raises, or a modality is another word.
    """

    splits: tuple[np.ndarray, np.ndarray] | None
    """Splits (N,) of the query and of the gallery, if there are images of two kinds."""

    dataset_name = "table"
    protocol = "table"

    def __init__(self, root: str = "datasets", file: str = "", folder: str = "", **kwargs) -> None:
        table = read_table(file, folder)
        self.file, self.left_out, self.has_cameras = file, LeftOut(), table.cameras is not None
        kinds = _modalities(table)
        items: dict[str, list[Item]] = defaultdict(list)
        for number, row in enumerate(table.rows):
            camera = table.cameras[number] if table.cameras else 0
            item = Item(row.path, table.identities[number], camera, kinds[number], number=number)
            items[row.cells["split"]].append(item)
        query, gallery, self.splits = items["query"] + items["test"], items["gallery"] + items["test"], None
        if VISIBLE in kinds:
            splits = {item: split for split in ("query", "gallery", "test") for item in items[split]}
            query, gallery = ([item for item in splits if item.modality == kind] for kind in (VISIBLE, INFRARED))
            asking, answering = (np.array([splits[item] for item in side], str) for side in (query, gallery))
            self.splits = asking, answering
        super().__init__(self._trainable(items["train"]), query, gallery, **kwargs)
        warn_of_left_out(self.left_out, f"table {file}")

    @classmethod
    def options(cls, cfg: CfgNode) -> dict:
        """Return the CSV and its folder."""
        return table_options(cfg)

    def combine_all(self) -> None:
        """Add the test images to the training images, each once, without those of identity -1."""
        tested = dict.fromkeys(item for item in query_and_gallery(self) if item.pid != JUNK)
        self._train = self._trainable([*self.train, *tested])

    def _trainable(self, items: list[Item]) -> list[Item]:
        """Leave out identities that have images of one of two modalities only."""
        seen = defaultdict(set)
        for item in items:
            seen[item.pid].add(item.modality)
        alone = {pid: kinds for pid, kinds in seen.items() if kinds in ({VISIBLE}, {INFRARED})}
        for item in items:
            if item.pid in alone:
                lacking = "infrared" if item.modality == VISIBLE else "visible"
                self.left_out.add(item.img_path, f"no {lacking} training image of its identity")
        return [item for item in items if item.pid not in alone]


def _modalities(table: ImageTable) -> list[int | None]:
    """Return the modality of each row, or None for all if they are of one kind."""
    texts = [row.cells.get("modality", "") for row in table.rows]
    if len({text.lower() for text in texts}) == 1:
        return [None] * len(texts)
    problems = [row.wrong("modality", "is not visible or infrared") for row in table.rows if _kind(row.cells) is None]
    if problems:
        raise InputError(f"table {listed(problems)}; AlignedTable is the set for aligned samples")
    return [_kind(row.cells) for row in table.rows]


def _kind(cells: dict[str, str]) -> int | None:
    return _WORDS.get(MODALITIES.get(cells["modality"].lower(), ""))
