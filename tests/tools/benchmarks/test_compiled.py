"""A trial of the comparison of compiled networks, by a backend that needs no C++ compiler."""

import compiled
import pytest
import torch

CONFIG = compiled.config_of(compiled.METHODS["AGW"], "cpu", *compiled.TINY.split())


def test_losses_and_gradients_of_one_graph_are_those_of_eager_mode():
    found = compiled.compare(CONFIG, "eager")
    assert found.loss < 1e-5 and max(found.gradients) < 1e-5 and len(found.gradients) == 5 and found.seconds > 0


def test_another_network_differs_and_a_broken_graph_is_refused(monkeypatch):
    built, breaks = compiled.build_model, []

    class Other(built(CONFIG).__class__):
        def forward(self, batch):
            if torch.compiler.is_compiling():
                if breaks:
                    torch._dynamo.graph_break()
                return {name: 1.01 * loss for name, loss in super().forward(batch).items()}
            return super().forward(batch)

    def build(cfg):
        model = built(cfg)
        model.__class__ = Other
        return model

    monkeypatch.setattr(compiled, "build_model", build)
    monkeypatch.setattr(compiled, "DRAWS", 1)
    found = compiled.compare(CONFIG, "eager")
    assert [found.loss, *found.gradients] == pytest.approx([0.01, 0.01], rel=1e-3)
    breaks.append(True)
    with pytest.raises(torch._dynamo.exc.Unsupported):
        compiled.compare(CONFIG, "eager")


def test_the_status_says_whether_all_methods_are_the_same(monkeypatch, capsys):
    found = {"TwoStream": (1e-6, [1e-3], 2.0), "MUN": (1e-3, [1e-3], 2.0)}
    monkeypatch.setattr(compiled, "compare", lambda cfg: compiled.Compared(*found[cfg.MODEL.META_ARCHITECTURE]))
    for methods, failed in ((["AGW", "HCT"], False), (["AGW", "MUN"], True), (["CMTR"], True)):
        with pytest.raises(SystemExit) as end:
            compiled.main(["--methods", *methods])
        assert end.value.code == failed
    assert "failed: KeyError: 'CMTR'" in capsys.readouterr().out
