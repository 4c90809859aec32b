"""The protocol of tables of images: any rule, in both directions if there are two modalities."""

from typing import Any

import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.protocol import Protocol
from fastreid_mm.evaluation.side import Ranking, Side


class Table(Protocol):
    """One ranking under a rule, or one in each direction between visible and infrared images.

    In either direction, images of the splits query and test are ranked for, and those of gallery and test are ranked.
    If a direction has none, as all queries are of one modality, query and gallery are exchanged.

    Args:
        rule: see :func:`hidden_images`.
        splits: splits (N,) of the visible images, and of the infrared ones; None for images of one kind.
    """

    def __init__(self, rule: str = "market", splits: tuple[np.ndarray, np.ndarray] | None = None) -> None:
        self.rule, self.splits = rule, splits
        self.goes_by = () if rule == "none" else ("cameras",)
        self.ranks = (1, 10, 20) if splits else (1, 5, 10, 20)
        self.gallery_source = f"all images, rule {rule}"

    @classmethod
    def from_cfg(cls, cfg: Any, dataset: Any) -> "Table":
        """Make the protocol of ``DATASETS.TABLE.RULE``; of images of one kind, none is ranked for itself.

        Raises:
            InputError: the rule goes by cameras, and the table has none.
        """
        rule = cfg.DATASETS.TABLE.RULE
        if rule != "none" and not dataset.has_cameras:
            raise InputError(
                f"DATASETS.TABLE.RULE {rule!r} goes by cameras, and table {dataset.file} has no column camera; "
                "the rule 'none' does without"
            )
        found = cls(rule, dataset.splits)
        if rule == "none" and dataset.splits is None:  # an image may be on both sides: each counts as its own camera
            found.rule, found.goes_by = "market", ("numbers",)
        return found

    def rankings(self, query: Side, gallery: Side) -> dict[str, list[Ranking]]:
        """Return "test", or "visible_to_infrared" and "infrared_to_visible" of visible and infrared images."""
        if self.splits is None:
            return {"test": [Ranking(query, gallery)]}
        visible, infrared = self.splits
        return {
            "visible_to_infrared": [_direction(query, gallery, visible, infrared)],
            "infrared_to_visible": [_direction(gallery, query, infrared, visible)],
        }


def _direction(query: Side, gallery: Side, query_splits: np.ndarray, gallery_splits: np.ndarray) -> Ranking:
    rows, columns = query_splits != "gallery", gallery_splits != "query"
    if not (rows.any() and columns.any()):
        rows, columns = query_splits != "query", gallery_splits != "gallery"
    return Ranking(query.of(np.flatnonzero(rows)), gallery.of(np.flatnonzero(columns)))
