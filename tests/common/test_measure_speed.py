"""The clock is made up: no assertion depends on how fast this machine is."""

import pytest

from fastreid_mm.common import measure_speed
from fastreid_mm.common.measure_speed import Measured, measure_speeds


@pytest.fixture
def clock(monkeypatch):
    """A clock that calls advance by themselves."""
    now = [0.0]
    monkeypatch.setattr(measure_speed.time, "perf_counter", lambda: now[0])

    def taking(single, start=0.0, log=None):
        """A call that takes as long for a sample, and more the first time."""
        seen = []

        def call(samples):
            now[0] += samples * single + (0 if samples in seen else start)
            seen.append(samples)
            if log is not None:
                log.append(samples)

        return call

    return taking


def test_speeds_are_samples_per_second_without_the_first_call(clock):
    found = measure_speeds({"slow": clock(0.016, start=1), "fast": clock(0.004, start=7)}, 64)
    assert found.speeds == pytest.approx({"slow": 62.5, "fast": 250}) and found.samples == 6
    assert found.fastest() == "fast" and found.ratio("fast") == pytest.approx(4)
    assert str(found) == "slow 62.5/s, fast 250/s; measured on 6 images"


def test_ways_are_called_by_turns_and_a_slow_network_three_times_on_one_image(clock):
    log = []
    found = measure_speeds({"a": clock(4.0, log=log), "b": clock(2.0, log=log)}, 64)
    assert found.samples == 1 and log == [1] * (2 + 2 + 3 * 2)
    assert str(found).endswith("measured on 1 image")


def test_no_more_samples_are_taken_than_there_are(clock):
    log = []
    assert measure_speeds({"a": clock(1e-3, log=log)}, 3).samples == 3 and max(log) == 3


def test_a_way_must_be_faster_by_a_margin():
    assert Measured({"first": 100.0, "other": 104.0}, 1).fastest() == "first"
    assert Measured({"first": 100.0, "other": 106.0, "third": 105.5}, 1).fastest() == "other"
