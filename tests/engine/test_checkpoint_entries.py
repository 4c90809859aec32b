"""A checkpoint of somebody else: none of its entries is executed, each is taken as what it is or refused."""

import re
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import MultiStepLR

from fastreid_mm.engine.checkpoint import SafeCheckpointer, saved_num_classes
from fastreid_mm.errors import InputError
from fastreid_mm.safe_load import load_safely

EXTRAS = {
    "epoch": 0,
    "iterations": 3,
    "iters_per_epoch": 3,
    "seed": 2**40,
    "solver": {"OPT": "Adam", "BASE_LR": 0.1},
    "data": "f" * 64,
    "num_classes": 4,
    "buffers": [],
}


def checkpointer(folder):
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    optimizer = torch.optim.Adam([{"params": [parameter]} for parameter in model.parameters()], lr=0.1)
    model(torch.rand(4, 2)).sum().backward()
    return SafeCheckpointer(model, str(folder), optimizer=optimizer, schedule=MultiStepLR(optimizer, [40]))


@pytest.fixture
def content(tmp_path):
    made = checkpointer(tmp_path)
    made.checkpointables["optimizer"].step()
    made.checkpointables["schedule"].step()
    made.save("model_0000", **EXTRAS)
    return torch.load(tmp_path / "model_0000.pth", weights_only=True)


def places(content):
    keys = content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else []
    return [(), *((key, *rest) for key in keys for rest in places(content[key]))]


def replaced(content, place, value):
    if not place:
        return value
    copied = content.copy()
    copied[place[0]] = replaced(content[place[0]], place[1:], value)
    return copied


def test_every_entry_with_code_or_of_another_kind_is_refused_or_only_shown(content, tmp_path):
    proof, path = tmp_path / "ran", tmp_path / "model_0000.pth"
    code = f"open({str(proof)!r}, 'w').close()"
    tried, taken = 0, set()
    for place in places(content):
        for value in (code, [code], {"step": code}, b""):
            tried += 1
            torch.save(replaced(content, place, value), path)
            made = checkpointer(tmp_path)
            try:
                made.load(str(path))
            except InputError as error:
                assert str(path) in str(error) and "\n" not in str(error)
            else:
                taken.add(place[0])
                assert all(torch.equal(one, content["model"][name]) for name, one in made.model.state_dict().items())
    assert tried > 300 and taken == {"solver", "data"} and not proof.exists()  # which are compared and shown


@pytest.mark.parametrize("name", ["cfg", "iteration", "hook", "_BASE_"])
def test_entries_that_are_not_known_are_dropped(content, tmp_path, name):
    content["schedule"][name] = content["optimizer"][name] = content[name] = "raise SystemExit"
    torch.save(content, tmp_path / "model_0000.pth")
    made = checkpointer(tmp_path)
    assert made.load(str(tmp_path / "model_0000.pth")) == EXTRAS
    assert not hasattr(made.checkpointables["schedule"], name)
    made.trust = True
    assert made.load(str(tmp_path / "model_0000.pth"))[name] == "raise SystemExit"


@pytest.mark.parametrize("name", ["optimizer", "schedule"])
def test_resuming_needs_what_it_takes_up_and_predicting_does_not(content, tmp_path, name):
    del content[name]
    torch.save(content, tmp_path / "model_0000.pth")
    with pytest.raises(InputError, match=rf"model_0000.pth cannot be resumed: it lacks {name}; MODEL.WEIGHTS begins"):
        checkpointer(tmp_path).load(str(tmp_path / "model_0000.pth"))
    made = checkpointer(tmp_path)
    made.load(str(tmp_path / "model_0000.pth"), checkpointables=[])
    assert all(torch.equal(value, content["model"][name]) for name, value in made.model.state_dict().items())


WRAPPED = {
    "net": lambda state: {"net": state, "mAP": np.float64(0.4)},
    "state_dict": lambda state: {"state_dict": {f"module.{name}": value for name, value in state.items()}},
    "lightning": lambda state: {
        "weights": {f"model.{name}": value for name, value in state.items()},
        "lr": np.int64(1),
    },
    "beside a classifier": lambda state: {"model": {f"net.{n}": v for n, v in state.items()} | {"fc.a": torch.ones(1)}},
}


@pytest.mark.parametrize("kind", WRAPPED)
def test_a_models_weights_are_found_in_other_wrappings(content, tmp_path, kind):
    torch.save(WRAPPED[kind](content["model"]), tmp_path / "theirs.pth")
    made = checkpointer(tmp_path)
    made.load(str(tmp_path / "theirs.pth"), checkpointables=[])
    assert all(torch.equal(value, content["model"][name]) for name, value in made.model.state_dict().items())


@pytest.mark.parametrize("kind", ["int64", "complex64", "sparse", "meta"])
def test_a_tensor_of_another_kind_does_not_fit(content, tmp_path, kind):
    value = content["model"]["0.weight"]
    odd = {"int64": value.long, "complex64": value.cfloat, "sparse": value.to_sparse, "meta": partial(value.to, "meta")}
    content["model"]["0.weight"] = odd[kind]()
    torch.save(content, tmp_path / "model_0000.pth")
    with pytest.raises(InputError, match=r"model_0000.pth is of another model: 1 tensors of another shape \(0.weight"):
        checkpointer(tmp_path).load(str(tmp_path / "model_0000.pth"))


@pytest.mark.parametrize("value", ["code", -1, True, 2.5, None, [4]])
def test_a_number_of_identities_that_is_none_counts_as_open(tmp_path, value):
    torch.save({"model": {}, "num_classes": value}, tmp_path / "a.pth")
    assert saved_num_classes(str(tmp_path / "a.pth")) == 0


NUMBERS = (
    np.float64(0.5),
    np.float32(0.5),
    np.float16(0.5),
    np.int64(-3),
    np.uint8(3),
    np.bool_(True),
    np.dtype(">f8").type(2),
)


def test_numpys_scalars_are_plain_numbers_and_its_other_objects_are_refused(tmp_path):
    path = str(tmp_path / "a.pth")
    torch.save({"found": list(NUMBERS)}, path)
    found = load_safely(path)["found"]
    assert found == [number.item() for number in NUMBERS]
    assert [type(one) for one in found] == [type(number.item()) for number in NUMBERS]
    for other in (
        np.array([1]),
        np.str_("a"),
        np.complex64(1),
        np.datetime64("2020"),
        np.array(None, object)[()],
        np.ones,
    ):
        if other is None:
            continue
        torch.save({"found": other}, path)
        with pytest.raises(InputError, match=re.escape(path)):
            load_safely(path)
