"""Refuse images that cannot be read before a run begins, and not when their turn comes, hours later."""

from collections.abc import Iterable

from fastreid.utils import comm
from yacs.config import CfgNode

from fastreid_mm.common.image_headers import look_at_images
from fastreid_mm.data.build import build_dataset
from fastreid_mm.errors import InputError, listed


def require_readable(cfg: CfgNode, trained: Iterable[tuple] = ()) -> None:
    """Look at the files of training items and of ``DATASETS.TESTS``, on the first process.

    Args:
        cfg: the config.
        trained: the items that are trained on.

    Raises:
        InputError: names the files that cannot be read, or what :func:`build_dataset` refuses.
    """
    if not comm.is_main_process():
        return
    items = [*trained]
    for name in cfg.DATASETS.TESTS:
        dataset = build_dataset(cfg, name)
        items += [*dataset.query, *dataset.gallery]
    problems = look_at_images((path for item in items for path in item_files(item)), cfg.INPUT.MAX_PIXELS).problems
    if problems:
        raise InputError(listed([*problems.values()]))


def item_files(item: tuple) -> list[str]:
    """List the files of an item: of an aligned sample one a modality, where it is there."""
    if len(item) > 3 and isinstance(item[3], tuple):
        return [source.path for source in item[3] if source]
    return [item[0]]
