"""Check that all images of a run can be read, before it begins."""

from collections.abc import Iterable

from fastreid.utils import comm
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.image_headers import look_at_images
from fastreid_mm.data.build import build_dataset
from fastreid_mm.data.items import Item, query_and_gallery


def require_readable(cfg: CfgNode, trained: Iterable[Item] = ()) -> None:
    """Check the files of training items and of ``DATASETS.TESTS``, on the first process.

    Args:
        cfg: the config.
        trained: the training items.

    Raises:
        InputError: names the files that cannot be read, or what :func:`build_dataset` refuses.
    """
    if not comm.is_main_process():
        return
    items = [*trained]
    for name in cfg.DATASETS.TESTS:
        items += query_and_gallery(build_dataset(cfg, name))
    problems = look_at_images((path for item in items for path in item.files), cfg.INPUT.MAX_PIXELS).problems
    if problems:
        raise InputError(listed([*problems.values()]))
