"""Named items: of plain tuples, of our sets, and what a list's checksum is of."""

import json

import pytest

from fastreid_mm.common.run_record import checksum
from fastreid_mm.data.datasets import MSVR310, SYSUMM01, Item, Source
from fastreid_mm.data.items import as_items
from fastreid_mm.engine.record import list_checksum

SOURCES = (Source("a.jpg"), None, Source("b.jpg", (0, 0, 4, 8)))


@pytest.mark.parametrize(
    ("plain", "item", "files"),
    [
        (("a.jpg", 7, 1), Item("a.jpg", 7, 1), ["a.jpg"]),
        (("a.jpg", 7, 1, 0), Item("a.jpg", 7, 1, modality=0), ["a.jpg"]),
        (("a.jpg", 7, 1, SOURCES), Item("a.jpg", 7, 1, sources=SOURCES), ["a.jpg", "b.jpg"]),
    ],
)
def test_plain_tuples_get_names(plain, item, files):
    assert as_items([plain, item]) == [item, item] and item.files == files
    assert item.has_modality == (plain[3:] == (0,)) and item.first_source == Source("a.jpg")
    assert list_checksum([plain]) == list_checksum([item]) == checksum(json.dumps(plain))


def test_the_checksum_of_a_set_is_of_the_fields_that_its_paths_do_not_tell(sysu_root, msvr310_root):
    for data, fields in ((SYSUMM01(str(sysu_root)), (0, 1, 2, 3)), (MSVR310(str(msvr310_root)), (0, 1, 2, 4))):
        assert list_checksum(data.gallery) == list_checksum([tuple(item[n] for n in fields) for item in data.gallery])
