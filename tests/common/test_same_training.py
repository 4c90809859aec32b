from fastreid_mm.common.training_state import changed_settings


def test_settings_that_both_have_and_that_differ_are_found():
    now = {"a": 1, "b": (1, 2), "c": [1], "d": "x", "new": 0}
    then = {"a": 2, "b": [1, 2], "c": [1, 2], "d": "x", "old": 0}
    assert changed_settings(now, then) == {"a": (2, 1), "c": ([1, 2], [1])}
