"""What a config computes is written down, the same every time, and compared under new names."""

import json

import pytest
import record_configs
import torch
from recording.comparison import differences
from recording.names import old_name, read_rules
from recording.record import Network, draw_weights, record
from torch import nn

from fastreid_mm.common.errors import InputError


class Small(nn.Module):
    """Two layers, of which the second may be built first and called otherwise."""

    def __init__(self, second="second", swapped=False):
        super().__init__()
        for name in (second, "first") if swapped else ("first", second):
            setattr(self, name, nn.Linear(5, 5, bias=name == "first"))
        self.name, self.loss = second, f"loss_{second}"

    def forward(self, values):
        return getattr(self, self.name)(self.first(values).relu())


def small(**options):
    torch.manual_seed(0)
    model, values = Small(**options), torch.arange(20.0).reshape(4, 5) / 20
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    return Network(model, optimizer, lambda: {model.loss: model(values).square().mean()}, lambda: model(values))


def test_a_record_has_what_training_and_evaluation_compute():
    found = record(small())
    model = small().model
    draw_weights(model)
    values = torch.arange(20.0).reshape(4, 5) / 20
    loss = model(values).square().mean()
    loss.backward()
    assert found["losses"] == {"loss_second": loss.item()}
    assert found["gradients"]["first.weight"] == pytest.approx(model.first.weight.grad.norm().item(), rel=1e-6)
    assert found["feature"]["norms"] == pytest.approx(model(values).norm(dim=1).tolist(), rel=1e-6)
    assert found["initial"]["first.weight"]["size"] == 25
    assert len(found["steps"]) == 3 and found["steps"][0]["loss_second"] < loss.item()
    assert record(small()) == found


def test_what_is_built_in_another_order_under_other_names_is_compared_with_what_it_was(tmp_path):
    table = tmp_path / "renamed.txt"
    table.write_text("# the second layer\nnew\\.  second.\nSYSU/*  loss_new  loss_second\n")
    rules, before = read_rules(table), {"SYSU/a.yml": record(small())}
    moved = record(small(second="new", swapped=True), lambda name: old_name(rules, "SYSU/a.yml", name))
    assert differences(before, {"SYSU/a.yml": moved}) == []
    assert old_name(rules, "RegDB/a.yml", "loss_new") == "loss_new"
    unnamed = differences(before, {"SYSU/a.yml": record(small(second="new", swapped=True))})
    assert "SYSU/a.yml: losses loss_second only before" in unnamed
    assert "SYSU/a.yml: gradients new.weight only after" in unnamed
    table.write_text("new second more loss\n")
    with pytest.raises(InputError, match="line 1: 4 words"):
        read_rules(table)


def test_numbers_that_differ_are_listed_and_rounding_is_not():
    before = {
        "a": {
            "gradients": {"w": 2.0, "v": 1e-12, "u": None},
            "initial": {"w": {"size": 100, "deviation": 0.1}, "b": {"size": 4, "constant": 0.0}},
        }
    }
    after = json.loads(json.dumps(before))
    after["a"]["gradients"].update(w=2.00001, v=3e-12)  # 5e-6; and a 0
    after["a"]["initial"]["w"]["deviation"] = 0.12
    assert differences(before, after) == []
    after["a"]["gradients"].update(w=2.0001, u=0.5)
    after["a"]["initial"]["w"]["deviation"] = 0.3
    after["a"]["initial"]["b"]["constant"] = 1.0
    assert differences(before, after) == [
        "a: gradients w 2 before, 2.0001 after: 5e-05",
        "a: gradients u None before, 0.5 after",
        "a: initial w deviation 0.1 before, 0.3 after: 0.67",
        "a: initial b constant 0 before, 1 after: 1",
    ]
    assert differences(before, {}) == ["a: only before"]


def test_a_shipped_config_is_the_same_twice(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("recording.reid.LONG", 64)
    monkeypatch.setattr("recording.reid.SHORT", 32)
    first, second, only = tmp_path / "first.json", tmp_path / "second.json", ["--only", "demo/agw.yml"]
    assert record_configs.main([str(first), *only]) == 0
    found = json.loads(first.read_text())
    assert set(found["demo/agw.yml"]["losses"]) == {"loss_cls", "loss_weighted_regularized_triplet"}
    found["demo/agw.yml"]["losses"]["loss_weighted_regularized_triplet"] *= 1.001
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(found))
    assert record_configs.main([str(second), *only, "--against", str(changed)]) == 1
    assert second.read_text() == first.read_text()
    told, count = capsys.readouterr().out.splitlines()
    assert (
        told.startswith("demo/agw.yml: losses loss_weighted_regularized_triplet ")
        and count == "1 differences in 1 configs"
    )


def test_what_cannot_be_done_is_refused_before_anything_is_recorded(tmp_path, capsys):
    for options, line in (
        (["--only", "SYSU/nothing*"], "error: --only SYSU/nothing* is none of the configs in "),
        (["--against", str(tmp_path / "gone.json")], f"error: {tmp_path / 'gone.json'} is no earlier record: "),
        (["--names", str(tmp_path / "gone.txt")], f"error: {tmp_path / 'gone.txt'} is no table of names: "),
    ):
        with pytest.raises(SystemExit, match="2"):
            record_configs.main([str(tmp_path / "new.json"), *options])
        assert capsys.readouterr().err.startswith(line)


def test_every_config_of_both_hosts_is_recorded():
    shipped = record_configs.shipped()
    assert {"SYSU/cmtr.yml", "demo/ieee.yml", "SOD/mutualformer_r50_352x352.py"} <= set(shipped)
    assert not any(name.startswith("Base-") for name in shipped)
