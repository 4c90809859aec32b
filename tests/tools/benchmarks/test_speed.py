"""A trial of the table of speeds, at a tiny size."""

import json

import pytest
import speed

LINES = [
    "SYSU-MM01 protocol",
    "query-adaptive cosine",
    "cross-diffusion",
    "test images",
    "features of CMTR",
    "step of MUN",
]


def test_every_line_stands_beside_a_baseline_and_a_limit(tmp_path, capsys):
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    speed.main(["--tiny", "--rounds", "1", "--output", str(first), "--lines", *LINES])
    found = json.loads(first.read_text())
    assert found["machine"]["processor"] and list(found["lines"]) == LINES
    for line in found["lines"].values():
        assert set(line["seconds"]) == {"ours", "baseline", "limit"} and line["share of the limit"] > 0
    speed.main(["--tiny", "--rounds", "1", "--output", str(second), "--lines", LINES[1], "--against", str(first)])
    before = found["lines"][LINES[1]]["times as fast as the baseline"]
    assert f"(gallery modulated for each query, before {before:.2f})" in capsys.readouterr().out


def test_ratios_are_of_medians_and_slow_calls_are_made_once():
    takes, calls, time = {"ours": 1, "baseline": 6, "limit": 2}, [], [0]

    def call(name):
        time[0] += takes[name]
        calls.append(name)

    line = speed.Line(*(lambda name=name: call(name) for name in takes), ("other", "least"), 0.25)
    found = speed.measure(line, 3, lambda: time[0])
    assert found["seconds"] == {"ours": [1, 1, 1], "baseline": [6], "limit": [0.5, 0.5, 0.5]}
    assert found["times as fast as the baseline"] == 6 and found["share of the limit"] == 0.5
    assert calls.count("ours") == 4 and calls.count("baseline") == 1


def test_the_loops_compute_the_same():
    fast, loop, _ = speed.evaluation.ways(8, 40)
    found = fast()
    for setting, row in loop().items():
        assert {name: found[setting][name] for name in row} == pytest.approx(row)
    fast, loop, _ = speed.query_adaptive.ways(5, 4, 2, 8)
    speed.torch.testing.assert_close(fast(), loop())


def test_another_file_is_no_earlier_one(tmp_path, capsys):
    (tmp_path / "old.json").write_text("[]")
    with pytest.raises(SystemExit, match="2"):
        speed.main(["--tiny", "--against", str(tmp_path / "old.json")])
    assert "old.json is no earlier file of this command" in capsys.readouterr().err
