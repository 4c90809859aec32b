import os
import pickle

import pytest

from fastreid_mm.data.items import Item
from fastreid_mm.data.packed_items import PackedItems

ITEMS = [Item(f"{number}.jpg", number % 3, 1) for number in range(5)]


def test_they_are_a_sequence_of_equal_items():
    packed = PackedItems(ITEMS)
    assert list(packed) == ITEMS and len(packed) == 5 and packed[-2] == ITEMS[-2] and packed[1:4] == ITEMS[1:4]
    assert list(pickle.loads(pickle.dumps(packed))) == ITEMS
    assert list(PackedItems([])) == []
    for place in (5, -6):
        with pytest.raises(IndexError):
            packed[place]


def private_kib():
    with open("/proc/self/smaps_rollup") as lines:
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty"))


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="Linux tells it")
def test_a_worker_that_looks_at_all_of_them_copies_none():
    """A forked process that looks at as many Python objects copies the memory of all of them."""
    packed = PackedItems([Item(f"a folder with a long name/{number:08d}.jpg", number, 1) for number in range(20_000)])
    reader, writer = os.pipe()
    if not (child := os.fork()):
        before = private_kib()
        for _ in packed:
            pass
        os.write(writer, str(private_kib() - before).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reader, 20)) < 1024
