"""Aligned samples of one's own, by a table of their images in place of a benchmark's folders."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from fastreid.data.datasets import DATASET_REGISTRY
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.data.datasets.aligned import AlignedDataset
from fastreid_mm.data.datasets.findings import Findings
from fastreid_mm.data.datasets.table import table_options
from fastreid_mm.data.datasets.table_file import Row, read_table
from fastreid_mm.data.items import Item, Source
from fastreid_mm.evaluation.hidden_images import JUNK

_PARTS = {"train": ("train",), "query": ("query", "test"), "gallery": ("gallery", "test")}


@DATASET_REGISTRY.register()
class AlignedTable(AlignedDataset):
    """Aligned samples in the rows of a CSV, see :func:`read_table`, one row for each image of a sample.

    The column sample has the same text in the rows of a sample and in no others; the column modality has words of
    ``DATASETS.ALIGNED.MODALITIES``, in any case. Rows of other modalities are not read.

    Args:
        root: the host's folder of data sets, which is not needed.
        modalities: the modalities of a sample, two or more.
        file: the path of the CSV.
        folder: the folder that paths in it are relative to; that of the CSV if empty.
        options: see :class:`AlignedDataset`.

    Raises:
        InputError: what :func:`read_table` and :class:`AlignedDataset` raise; rows of a sample disagree or have the
            same modality; or a modality is in no row.
    """

    dataset_name = "alignedtable"
    protocol = "table"
    parts = ("train", "query", "gallery")
    splits = None
    _junk_pids = [JUNK]

    def __init__(
        self, root: str = "datasets", modalities: Iterable[str] = (), file: str = "", folder: str = "", **options
    ) -> None:
        self.file = file
        self._table = read_table(file, folder, needed=("modality", "sample"))
        self.has_cameras = self._table.cameras is not None
        super().__init__(root, modalities, **options)

    @classmethod
    def choose(cls, modalities: Iterable[str]) -> tuple[str, ...]:
        """Check the modalities, which must be named, as a trained model is used where there is no CSV."""
        chosen = tuple(modalities)
        if len(chosen) < 2 or len({name.lower() for name in chosen}) < len(chosen):
            raise InputError(
                f"DATASETS.ALIGNED.MODALITIES {chosen} are not two or more words of AlignedTable's modality"
            )
        return chosen

    @classmethod
    def options(cls, cfg: CfgNode) -> dict:
        """Return the options of an aligned set, the CSV and its folder."""
        return super().options(cfg) | table_options(cfg)

    @property
    def name(self) -> str:
        """Name of the set for messages."""
        return f"table {self.file}"

    def place(self, part: str) -> str:
        """Say in which rows the samples of a part are."""
        return f"{part} of table {self.file}"

    def read(self, root: str, findings: Mapping[str, Findings]) -> dict[str, list[Item]]:
        """Read the samples of each part, and add everything that is wrong with their files to the findings."""
        rows: dict[str, dict[str, int]] = defaultdict(dict)
        names = {name.lower(): name for name in self.modalities}
        problems = []
        for number, row in enumerate(self._table.rows):
            sample = rows[row.cells["sample"]]
            modality = names.get(row.cells["modality"].lower())
            problems += self._disagreement(row, sample)
            if modality in sample:
                other = self._table.rows[sample[modality]].place
                problems.append(row.wrong("sample", f"has {modality} in {other} already"))
            elif modality:
                sample[modality] = number
        if problems:
            raise InputError(f"table {listed(problems)}")
        for modality in self.modalities:
            if not any(modality in sample for sample in rows.values()):
                found = sorted({row.cells["modality"] for row in self._table.rows})
                raise InputError(
                    f"table {self.file}: no modality is {modality!r} of DATASETS.ALIGNED.MODALITIES; "
                    f"there are {listed(found, 12, ', ')}"
                )
        return {part: self._part(part, rows, findings[part]) for part in self.parts}

    def _disagreement(self, row: Row, sample: dict[str, int]) -> list[str]:
        """Describe what a row says of its sample that an earlier row of the sample does not."""
        if not sample:
            return []
        first = self._table.rows[min(sample.values())]
        return [
            row.wrong(column, f"is not that of {first.place}, whose sample is {row.cells['sample']!r} too")
            for column in ("identity", "camera", "split")
            if column in row.cells and row.cells[column] != first.cells[column]
        ]

    def _part(self, part: str, samples: Mapping[str, dict[str, int]], findings: Findings) -> list[Item]:
        table, items = self._table, []
        chosen = {
            name: sample
            for name, sample in samples.items()
            if sample and table.rows[min(sample.values())].cells["split"] in _PARTS[part]
        }
        findings.look_at(table.rows[number].path for sample in chosen.values() for number in sample.values())
        for name, sample in chosen.items():
            first = min(sample.values())
            paths = [table.rows[sample[modality]].path if modality in sample else "" for modality in self.modalities]
            findings.missing += [f"{m} of sample {name}" for m, path in zip(self.modalities, paths) if not path]
            findings.look_at_sizes([path for path in paths if path])
            sources = tuple(Source(path) if path else None for path in paths)
            camera = table.cameras[first] if table.cameras else 0
            present = next(path for path in paths if path)
            items.append(Item(present, table.identities[first], camera, sources=sources, number=first))
        return items
