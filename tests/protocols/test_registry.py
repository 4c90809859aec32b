"""Protocols by their names, and what is in the way of adding one."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fastreid.data.datasets import DATASET_REGISTRY

import fastreid_mm.data  # noqa: F401  registers
from fastreid_mm.common.errors import InputError
from fastreid_mm.engine import MMTrainer
from fastreid_mm.protocols import PROTOCOLS, Protocol, Ranking, build_evaluator, register


def data_set(**attributes):
    items = [(f"{index}.jpg", index % 3, 1 + index % 2) for index in range(6)]
    return SimpleNamespace(query=items[:2], gallery=items, **attributes)


def test_every_data_set_of_ours_names_a_protocol_there_is():
    sets = ("SYSUMM01", "RegDB", "LLCM", "RGBNT201", "RGBN300", "MSVR310")
    names = {DATASET_REGISTRY.get(name).protocol for name in sets}
    assert names == {"sysu", "regdb", "llcm", "market", "msvr310"} <= set(PROTOCOLS)


def test_a_new_protocol_is_a_class_and_a_name(tiny_cfg, monkeypatch):
    monkeypatch.setattr("fastreid_mm.protocols.registry.PROTOCOLS", dict(PROTOCOLS))

    @register("half")
    class Half(Protocol):
        rule = "none"

        def rankings(self, query, gallery):
            return {"half": [Ranking(query, gallery.of(np.arange(3)))], "whole": [Ranking(query, gallery)]}

    cfg = tiny_cfg("TEST.RANKS", "(1, 4)")
    evaluator = MMTrainer.build_evaluator(cfg, data_set(protocol="half"))
    assert isinstance(evaluator.protocol, Half)
    names = ["mAP", "mINP", "valid_queries"]
    assert evaluator.metrics() == {"half": ["Rank-1", *names], "whole": ["Rank-1", "Rank-4", *names]}
    evaluator.process({}, torch.eye(3)[torch.tensor([0, 1, 0, 1, 2, 0, 1, 2])])
    assert evaluator.evaluate()["half"]["Rank-1"] == 100
    with pytest.raises(ValueError, match="protocol 'half' is Half's already"):
        register("half")(Protocol)


def test_fast_reids_own_data_sets_are_markets(tiny_cfg):
    assert type(build_evaluator(tiny_cfg(), data_set()).protocol) is PROTOCOLS["market"]


def test_a_protocol_there_is_not_is_named(tiny_cfg):
    with pytest.raises(
        InputError, match="SimpleNamespace asks for the protocol 'cuhk'.* llcm, market, msvr310, regdb, sysu"
    ):
        build_evaluator(tiny_cfg(), data_set(protocol="cuhk"))
