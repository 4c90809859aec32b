"""A checkpoint of somebody else: none of its entries is executed, each is taken as what it is or refused."""

import copy
import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from mmengine.config import Config
from mmengine.infer import BaseInferencer
from mmengine.runner import CheckpointLoader, Runner, load_checkpoint
from mmseg.apis import init_model

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.safe_load import UntrustedError
from mmseg_mm.engine import read_checkpoint
from mmseg_mm.engine.checkpoint_entries import only_known
from mmseg_mm.engine.safe_checkpoint import Reading
from mmseg_mm.trained_model import init_rgbd_model


@pytest.fixture(scope="module")
def content(trained):
    return torch.load(trained / "epoch_2.pth", weights_only=True)


def places(content, first=True):
    """The names that lead to every entry; of tensors and numbered states the first."""
    if not isinstance(content, dict):
        return []
    found = []
    for name in list(content)[: 1 if set(map(type, content)) == {int} else None]:
        found += [(name,), *((name, *rest) for rest in places(content[name]))]
    return found


def replaced(content, place, value):
    """A copy with another entry at a place."""
    (name, *rest) = place
    return {**content, name: replaced(content[name], rest, value) if rest else value}


def code(proof):
    return f"open({str(proof)!r}, 'w').close()"


def texts_in(content):
    if isinstance(content, dict):
        return [text for pair in content.items() for one in pair for text in texts_in(one)]
    if isinstance(content, list | tuple):
        return [text for one in content for text in texts_in(one)]
    return [content] if isinstance(content, str) else []


SHOWN = ("training", "experiment_name", "time", "mmengine_version", "loop_stage", "classes")
"""What is text, and is shown or compared."""


def test_every_entry_with_code_is_dropped_refused_or_only_shown(content, tmp_path):
    proof = tmp_path / "ran"
    program = code(proof)
    tried = refused = 0
    for place in places({**content, "state_dict": {"backbone.bn1.bias": torch.ones(1)}}):
        for value in (program, [program], {"config": program}):
            tried += 1
            try:
                left = only_known(replaced(content, place, value), "theirs.pth")
            except InputError as error:
                refused += 1
                assert str(error).startswith("checkpoint theirs.pth: ") and "\n" not in str(error)
                continue
            held = place[0] in left and place[0] in ("optimizer", "param_schedulers")  # looked at by what takes it up
            assert (
                held or program not in texts_in(left) or not {*place}.isdisjoint(SHOWN) or "unseen_settings" in place
            ), place
    assert tried > 300 and refused > tried / 3 and not proof.exists()


NAMES = ("config", "cfg", "env_info", "CLASSES_", "hook_msgs", "last_ckpt", "visualizer", "optim_wrapper")


def test_entries_that_are_not_known_are_dropped_at_every_level(content):
    added = {name: "raise SystemExit" for name in NAMES}
    theirs = {**content, **added, "meta": content["meta"] | added}
    theirs["message_hub"] = content["message_hub"] | added
    theirs["message_hub"]["runtime_info"] = content["message_hub"]["runtime_info"] | added
    left = only_known(theirs, "theirs.pth")
    assert "raise SystemExit" not in texts_in(left)
    assert "cfg" not in left["meta"] and "cfg" not in left["message_hub"]["resumed_keys"]
    assert left["state_dict"].keys() == content["state_dict"].keys() and left["optimizer"] is content["optimizer"]


def test_no_file_elsewhere_is_the_best_checkpoint_that_a_better_one_replaces(content, tmp_path):
    theirs = copy.copy(content)
    for best, kept in (
        (tmp_path / "best_mae_epoch_1.pth", True),
        (tmp_path / "thesis.tex", False),
        ("/etc/best_a.pth", False),
        (tmp_path / "up" / ".." / ".." / "best_a.pth", False),
    ):
        info = {**content["message_hub"]["runtime_info"], "best_score": 0.5, "best_ckpt": str(best)}
        theirs["message_hub"] = {**content["message_hub"], "runtime_info": info}
        left = only_known(theirs, str(tmp_path / "epoch_2.pth"))["message_hub"]["runtime_info"]
        assert ("best_ckpt" in left) == kept and left["best_score"] == 0.5, best


def evil(content, proof):
    """The file with code wherever mmengine or mmsegmentation would execute it, and where they might."""
    program, hub = code(proof), content["message_hub"]
    added = dict.fromkeys(NAMES, program)
    return {
        **content,
        **added,
        "meta": content["meta"] | added,
        "message_hub": {**hub, "runtime_info": hub["runtime_info"] | added},
    }


@pytest.fixture(scope="module")
def resume(config, tmp_path_factory):
    """Resume from a file in one run that is built once, as a training does before its first iteration."""
    options = Config.fromfile(config)
    folder = tmp_path_factory.mktemp("resumed")
    options.merge_from_dict({"work_dir": str(folder), "launcher": "none", "experiment_name": folder.name})
    options.merge_from_dict({"visualizer.name": folder.name, "resume": True})
    runner = Runner.from_cfg(options)
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)
    runner.call_hook("before_run")

    def from_file(path):
        runner._resume = True
        runner.resume(str(path))
        return runner

    return from_file


def test_nothing_runs_in_resuming_and_predicting(content, resume, config, tmp_path):
    proof, folder = tmp_path / "ran", tmp_path / "theirs"
    folder.mkdir()
    path = folder / "epoch_2.pth"
    torch.save(evil(content, proof), path)
    assert resume(path).epoch == 2
    model = init_rgbd_model(config, path)
    assert torch.equal(model.state_dict()["backbone.conv1.weight"], content["state_dict"]["backbone.conv1.weight"])
    assert init_model(config, str(path), "cpu").dataset_meta["classes"] == ("background", "salient")
    assert load_checkpoint(model, str(path))["meta"].keys() <= content["meta"].keys()
    with pytest.raises(ValueError, match="Cannot find the config"):  # by the weights alone
        BaseInferencer._init_model(None, Config(), str(path))
    assert not proof.exists()


@pytest.mark.parametrize(
    "place, value, words",
    [
        (("meta", "epoch"), "1", "meta.epoch is of type str, not a whole number from 0"),
        (("meta", "iter"), -3, "meta.iter is of type int, not a whole number from 0"),
        (("meta", "seed"), 2**40, "meta.seed is of type int, not a whole number below 2"),
        (("meta", "dataset_meta", "classes"), [1], "meta.dataset_meta.classes is of type list"),
        (("message_hub",), [], "message_hub is of type list, not entries by name"),
        (("message_hub", "runtime_info", "keep_ckpt_ids"), ["../../a"], "keep_ckpt_ids is of type list"),
        (("message_hub", "log_scalars", "train/lr"), {"log_history": [1]}, "train/lr is not a history"),
        (("optimizer", "param_groups"), "code", "optimizer.param_groups is not as this run needs it"),
        (("optimizer", "state", 0, "exp_avg"), 3, "optimizer.state.*is not as those of the other parameters"),
        (("param_schedulers",), [{"step": 5}], "param_schedulers.0 has no T_max"),
        (("optimizer",), None, "optimizer is not the state of an optimizer"),
        (("state_dict", "backbone.conv1.weight"), "text", "1 tensors missing"),
        (("state_dict", "backbone.conv1.weight"), torch.ones(16, 3, 7, 7, dtype=torch.complex64), "of another shape"),
    ],
)
def test_an_entry_of_another_kind_ends_resuming_in_one_line(content, resume, tmp_path, place, value, words):
    torch.save(replaced(content, place, value), tmp_path / "epoch_2.pth")
    with pytest.raises(InputError, match=f"epoch_2.pth.*{words}") as error:
        resume(tmp_path / "epoch_2.pth")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("entry", ["optimizer", "param_schedulers", "message_hub", "meta"])
def test_resuming_needs_what_it_takes_up(content, resume, tmp_path, entry):
    torch.save({name: value for name, value in content.items() if name != entry}, tmp_path / "epoch_2.pth")
    with pytest.raises(InputError, match=f"epoch_2.pth has no {entry}.* to resume"):
        resume(tmp_path / "epoch_2.pth")


def test_what_is_right_is_taken_up(content, resume, tmp_path):
    torch.save(content, tmp_path / "epoch_2.pth")
    runner = resume(tmp_path / "epoch_2.pth")
    assert (runner.epoch, runner.iter) == (2, 4)
    state = runner.optim_wrapper.state_dict()["state"]
    assert all(
        torch.equal(state[0][name], content["optimizer"]["state"][0][name]) for name in ("exp_avg", "exp_avg_sq")
    )
    assert runner.message_hub.get_scalar("train/lr").data[0].tolist()


def test_a_trusted_file_keeps_everything(content, tmp_path):
    torch.save(content | {"mine": {"a": "text"}}, tmp_path / "a.pth")
    assert read_checkpoint(str(tmp_path / "a.pth"), trust=True)["mine"] == {"a": "text"}
    assert "mine" not in read_checkpoint(str(tmp_path / "a.pth")) and not Reading.trust


class Program:
    def __init__(self, proof):
        self.proof = proof

    def __reduce__(self):
        return open, (str(self.proof), "w")


def test_what_is_downloaded_runs_nothing_either(content, tmp_path, monkeypatch):
    """PyTorch's own default for downloads is to run what the file says."""
    torch.save({"state_dict": {"a": Program(tmp_path / "ran")}}, tmp_path / "program.pth")
    torch.save(evil(content, tmp_path / "ran"), tmp_path / "text.pth")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(UntrustedError, match=r"cannot read http://.*program.pth: it holds more than plain data"):
            CheckpointLoader.load_checkpoint(f"{place}/program.pth", map_location="cpu")
        loaded = CheckpointLoader.load_checkpoint(f"{place}/text.pth", map_location="cpu")
        server.shutdown()
    assert "config" not in loaded["meta"] and not (tmp_path / "ran").exists()
    assert json.dumps(loaded["meta"]["seed"]) == "1"
