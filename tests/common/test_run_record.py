import json

from fastreid_mm.common.run_record import run_record, samples_checksum


def test_versions_come_first_and_facts_stay_as_they_are():
    record = run_record("numpy", "no-such-package", seed=3, data={"train": "x"})
    assert list(record) == ["versions", "revision", "seed", "data"] and json.loads(json.dumps(record)) == record
    assert list(record["versions"])[:5] == ["fastreid-mm", "torch", "torchvision", "numpy", "no-such-package"]
    assert record["versions"]["no-such-package"] == "not installed"


def test_samples_have_the_same_checksum_wherever_they_lie():
    here, there = (json.dumps([f"{root}/a.jpg", 3]) for root in ("/data", "/other place"))
    assert samples_checksum(here, "/data") == samples_checksum(there, "/other place/")
    assert samples_checksum(here, "/data") != samples_checksum(here.replace("3", "4"), "/data")
