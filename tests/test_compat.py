import collections
import sys

import fastreid_mm.compat as compat


def test_the_host_is_imported_and_the_old_names_are_gone_again():
    host = compat.import_fastreid()
    assert host.__name__ == "fastreid" and "fastreid.data.build" in sys.modules
    assert not hasattr(collections, "Mapping") and "torch._six" not in sys.modules


def test_old_names_are_there_only_inside():
    with compat._old_names():
        assert issubclass(dict, collections.Mapping)
        assert "torch._six" in sys.modules
    assert not hasattr(collections, "Mapping") and "torch._six" not in sys.modules
