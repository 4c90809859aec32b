"""Curves are of the same rankings as the table."""

import numpy as np
import pytest
import torch

from fastreid_mm.data.build import build_dataset
from fastreid_mm.protocols import build_evaluator
from fastreid_mm.visualization.curves import protocol_curves


@pytest.mark.parametrize(
    ("name", "root", "base"),
    [
        ("SYSUMM01", "sysu_root", "SYSU/cmtr.yml"),
        ("LLCM", "llcm_root", "SYSU/cmtr.yml"),
        ("RegDB", "regdb_root", "SYSU/cmtr.yml"),
        ("RGBNT201", "rgbnt201_root", "RGBNT201/ieee.yml"),
    ],
)
def test_they_are_of_the_rankings_of_the_table(tiny_cfg, monkeypatch, request, name, root, base):
    monkeypatch.setenv("FASTREID_DATASETS", str(request.getfixturevalue(root)))
    tests = ("DATASETS.NAMES", f"('{name}',)", "DATASETS.TESTS", f"('{name}',)", "TEST.RANKS", (1, 3, 5))
    cfg = tiny_cfg(*tests, base=base)
    evaluator = build_evaluator(cfg, build_dataset(cfg, name))
    count = len(evaluator.query) + len(evaluator.gallery)
    evaluator.process({}, torch.randn(count, 4, generator=torch.Generator().manual_seed(0)))
    table, found = evaluator.evaluate(), protocol_curves(evaluator)
    assert list(found) == list(table)
    for setting, metrics in table.items():
        cmc, precision, area = found[setting]
        assert len(cmc) == 5 and (np.diff(cmc) >= 0).all()
        assert [cmc[k - 1] for k in (1, 3, 5)] == pytest.approx([metrics[f"Rank-{k}"] for k in (1, 3, 5)])
        assert precision.mean() == pytest.approx(metrics["mAP"]) == area
    evaluator.ranks = (1, 500)
    assert all(0 < len(curves.cmc) < 500 for curves in protocol_curves(evaluator).values())
    evaluator.ranks = (1, 3, 5)
    assert evaluator.evaluate() == table  # nothing of the evaluator has changed
