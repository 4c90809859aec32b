"""A trial of the table of speeds, at a tiny size."""

import json

import pytest
import speed

LINES = [
    "SYSU-MM01 protocol",
    "query-adaptive cosine",
    "Market-1501 protocol",
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
    assert f", before {before:.2f} " in capsys.readouterr().out


def test_ratios_are_taken_by_turns_and_slow_calls_count_once():
    takes, calls, time = {"ours": [9, 1, 2, 3], "baseline": [30, 24], "limit": [9, 12, 19, 15]}, [], [0]

    def call(name):
        time[0] += takes[name].pop(0)
        calls.append(name)

    line = speed.Line(*(lambda name=name: call(name) for name in takes), ("other", "least"), 0.5)
    found = speed.measure(line, 3, lambda: time[0])
    assert found["seconds"] == {"ours": [1, 2, 3], "baseline": [24], "limit": [6, 9.5, 7.5]}
    assert found["times as fast as the baseline"] == 12 and found["share of the limit"] == 4.75
    assert calls == [*2 * ["ours", "baseline", "limit"], *2 * ["ours", "limit"]]


def test_lines_are_chosen_by_their_names_or_beginnings(capsys):
    assert speed.lines_of("features of CMTR") == ["features of CMTR"]
    assert speed.lines_of("step") == [f"step of {name}" for name in speed.METHODS]
    with pytest.raises(SystemExit, match="2"):
        speed.main(["--lines", "step", "none such"])
    assert "no line begins with 'none such': SYSU-MM01 protocol, Market" in capsys.readouterr().err


def test_the_loops_compute_the_same():
    fast, loop, _ = speed.evaluation.ways(8, 40)
    found = fast()
    for setting, row in loop().items():
        assert {name: found[setting][name] for name in row} == pytest.approx(row)
    fast, loop, _ = speed.query_adaptive.ways(5, 4, 2, 8)
    speed.torch.testing.assert_close(fast(), loop())
    fast, theirs, _ = speed.market_protocol.ways(60, 200, 4)
    expected = theirs()
    assert 0 < expected["mAP"] < 100 and {name: fast()[name] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize(
    ("line", "closeness"),
    [("features of AGW", 0.02), ("features of CMTR in float32", 1e-5), ("saliency network", 1e-5)],
)
def test_fast_networks_compute_the_same_within_rounding(tmp_path, line, closeness):
    fast, plain, *_ = speed.LINES[line](True, tmp_path)
    found, expected = fast(), plain()
    assert (found - expected).norm() <= closeness * expected.norm() > 0


def test_the_plain_form_of_tokens_has_explicit_attention_in_a_network_of_its_own():
    _, model, batch = speed.network_lines.network("CMTR", 4, True)
    plain, maps = speed.network_lines.as_in_timm(model), []
    for block in (*plain.backbone.vit.blocks, *model.backbone.vit.blocks):
        block.attn.attn_drop.register_forward_hook(lambda _, __, output: maps.append(output.shape))
    with speed.torch.inference_mode():
        plain(batch)
        assert len(maps) == len(plain.backbone.vit.blocks)
        model(batch)
    assert len(maps) == len(plain.backbone.vit.blocks)  # the fused kernel forms none


def test_ways_by_hand_are_four_of_the_same_network():
    _, model, batch = speed.network_lines.network("AGW", 4, True)
    ways = speed.network_lines.by_hand(model, batch)
    expected = ways["float32"]()
    assert [*ways] == ["float32", "float32 channels-last", "bfloat16", "bfloat16 channels-last"]
    assert all((way() - expected).norm() < 0.02 * expected.norm() for way in ways.values())
    assert speed.network_lines.fastest({"slow": lambda: sum(range(10**5)), "fast": lambda: None}) == "fast"


def test_another_file_is_no_earlier_one(tmp_path, capsys):
    (tmp_path / "old.json").write_text("[]")
    with pytest.raises(SystemExit, match="2"):
        speed.main(["--tiny", "--against", str(tmp_path / "old.json")])
    assert "old.json is no earlier file of this command" in capsys.readouterr().err
