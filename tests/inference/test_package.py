"""Folders of trained networks: their making, their use by everything that takes weights, and strangers' ones."""

import json
import shutil
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import torch
import yaml
from fastreid.modeling import build_model
from huggingface_hub import constants
from safetensors.torch import load_file

from fastreid_mm import Predictor
from fastreid_mm.commands import extract_features, package_model
from fastreid_mm.commands.train_arguments import argument_parser, refuse_early
from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.checkpoint import SafeCheckpointer
from fastreid_mm.engine.setup import save_config
from fastreid_mm.settings.load import load_config
from tests.conftest import draw_image, write_image, write_tiny_config

RESULTS = {"SYSUMM01": {"all_search_1shot": {"Rank-1": 61.25, "mAP": 54.5, "gallery": "the set's own permutation"}}}
RECORD = {"versions": {"torch": "2.9"}, "revision": "abc", "seed": 7, "data": {"train": "0123"}, "device": "cpu"}
SIX = ["MODEL.HEADS.NUM_CLASSES", "6"]
IMAGE = draw_image(3)


def finished(cfg):
    """A training that has ended, with random weights."""
    folder = Path(cfg.OUTPUT_DIR)
    save_config(cfg)
    torch.manual_seed(0)
    SafeCheckpointer(build_model(cfg), str(folder)).save("model_final", num_classes=6)
    (folder / "run.json").write_text(json.dumps(RECORD))
    (folder / "results.json").write_text(json.dumps(RESULTS))
    (folder / "references.json").write_text(json.dumps({"chance": RESULTS}))
    return folder


@pytest.fixture
def run(tiny_cfg):
    return finished(tiny_cfg(*SIX))


@pytest.fixture(scope="module")
def packaged(tmp_path_factory):
    place = tmp_path_factory.mktemp("packaged")
    config = write_tiny_config(place / "config.yml", "SYSU/cmtr.yml", place / "run")
    package_model.main([str(finished(load_config(config, SIX))), str(place / "small"), "--license", "apache-2.0"])
    shutil.rmtree(place / "run")
    return place / "small"


@pytest.fixture
def folder(packaged, tmp_path):
    """The folder of a network, whose maker's files are gone."""
    return Path(shutil.copytree(packaged, tmp_path / "small"))


def test_a_folder_gives_the_features_of_the_run_bit_for_bit(run, tmp_path, capsys):
    expected = Predictor(run / "config.yaml", run / "model_final.pth").features(IMAGE, "visible")
    package_model.main([str(run), str(tmp_path / "small")])
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'small'}: ")
    assert torch.equal(Predictor(tmp_path / "small").features(IMAGE, "visible"), expected)
    assert torch.equal(Predictor(run / "config.yaml", tmp_path / "small").features(IMAGE, "visible"), expected)
    tensors = load_file(tmp_path / "small" / "model.safetensors")
    saved = torch.load(run / "model_final.pth", weights_only=True)["model"]
    assert tensors.keys() == saved.keys() and all(torch.equal(tensors[name], saved[name]) for name in saved)
    assert len({(tmp_path / "small" / name).stat().st_mode for name in ("README.md", "model.safetensors")}) == 1
    config = (tmp_path / "small" / "config.yaml").read_text()
    assert str(tmp_path) not in config and "DEVICE" not in config and "WEIGHTS: ''" not in config


def test_its_card_has_results_and_the_run(folder):
    card = (folder / "README.md").read_text()
    assert "\nlicense: apache-2.0\n---\n\n# small\n" in card and "{" not in card.replace("{'", "")
    assert "| SYSUMM01   | all_search_1shot | trained    |    61.25 | 54.50 |" in card and "| chance " in card
    for line in ("| torch | 2.9 |", "| seed | 7 |", "| list of samples, SHA-256: train | 0123 |"):
        assert line in card
    assert '["day/1.jpg", "day/2.jpg"], "visible")' in card and "--modality infrared --index" in card


def test_the_card_of_aligned_images_says_what_a_sample_is(tiny_cfg, tmp_path):
    run = finished(tiny_cfg(*SIX, base="RGBNT201/ieee.yml"))
    package_model.main([str(run), str(tmp_path / "small")])
    card = (tmp_path / "small" / "README.md").read_text()
    assert 'features([{"RGB": "queries/RGB/1.jpg", "NI": "queries/NI/1.jpg", "TI": ' in card
    assert "--modality" not in card and "image of RGB" not in card and "pixels of RGB + NI + TI" in card


def test_commands_need_no_config_with_a_folder(folder, tmp_path):
    write_image(tmp_path / "images" / "1.jpg", 3)
    words = ["--images", str(tmp_path / "images"), "--modality", "visible", "--output", str(tmp_path / "f.npz")]
    extract_features.main(["--weights", str(folder), *words])
    with np.load(tmp_path / "f.npz") as file:
        expected = Predictor(folder).features([tmp_path / "images" / "1.jpg"], "visible")
        assert np.array_equal(file["features"], expected.numpy())
    args = argument_parser().parse_args(["--weights", str(folder), "--eval-only", "SEED", "3"])
    refuse_early(args)
    cfg = load_config(args.config_file, args.opts)
    assert str(folder / "model.safetensors") == cfg.MODEL.WEIGHTS and cfg.SEED == 3
    assert cfg.MODEL.HEADS.NUM_CLASSES == 6 and cfg.OUTPUT_DIR == load_config("", []).OUTPUT_DIR


def test_without_folder_or_config_the_commands_say_what_they_need(tmp_path, capsys):
    words = ["--images", str(tmp_path), "--modality", "visible", "--output", str(tmp_path / "f.npz")]
    for weights, said in (
        ([], "give --config-file, or a folder with a trained network in --weights"),
        (["--weights", str(tmp_path)], "is no folder of a trained network: it has no config.yaml and no model.safe"),
        (["--weights", "hf://alone"], "hf://alone is not hf://user/name or hf://user/name@revision"),
    ):
        with pytest.raises(SystemExit, match="2"):
            extract_features.main([*weights, *words])
        error = capsys.readouterr().err
        assert said in error and error.startswith("error: ") and error.count("\n") == 1


def test_a_folder_on_the_hub_is_found_in_its_cache_by_name_and_revision(folder, tmp_path, monkeypatch):
    """By the hub's own client, without a network, in the layout of its cache."""
    home = tmp_path / "cache" / "models--user--small"
    for revision, commit in (("main", "a" * 40), ("v1.0", "b" * 40)):
        (home / "snapshots" / commit).mkdir(parents=True)
        for file in folder.iterdir():
            (home / "snapshots" / commit / file.name).write_bytes(file.read_bytes())
        (home / "refs").mkdir(exist_ok=True)
        (home / "refs" / revision).write_text(commit)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    for name, commit in (("hf://user/small", "a" * 40), ("hf://user/small@v1.0", "b" * 40)):
        cfg = Predictor(name).cfg
        assert str(home / "snapshots" / commit / "model.safetensors") == cfg.MODEL.WEIGHTS
    with pytest.raises(InputError, match="hf://user/other cannot be downloaded: LocalEntryNotFoundError"):
        Predictor("hf://user/other")


def test_only_the_three_files_are_asked_of_the_hub(folder, monkeypatch):
    asked = []
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *a, **k: asked.append((a, k)) or str(folder))
    assert Predictor("hf://user/name@refs/pr/1").model
    files = ["config.yaml", "model.safetensors", "README.md"]
    assert asked == [(("user/name",), {"revision": "refs/pr/1", "allow_patterns": files})]


def change(folder, **keys):
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **keys}))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"NEW_KEY": 1}, r"small/config.yaml: Non-existent config key: NEW_KEY"),
        ({"_BASE_": "/etc/base.yml"}, "small/config.yaml: .*_BASE_"),
        ({"IMPORTS": ["evil"]}, r"""it needs code from outside; if you trust it: IMPORTS "\['evil'\]"$"""),
        ({"MODEL": 3}, "small/config.yaml: "),
    ],
)
def test_a_strangers_config_is_refused_in_one_line(folder, tmp_path, monkeypatch, keys, said):
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')")
    monkeypatch.syspath_prepend(str(tmp_path))
    change(folder, **keys)
    with pytest.raises(InputError, match=said) as error:
        Predictor(folder)
    assert "\n" not in str(error.value)


def test_code_that_the_user_names_is_imported(folder, tmp_path, monkeypatch):
    (tmp_path / "more_keys.py").write_text("def add_config(cfg):\n    cfg.MORE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    change(folder, IMPORTS=["more_keys"], MORE=2)
    assert load_config(folder, ["IMPORTS", "['more_keys']"]).MORE == 2


def test_a_strangers_config_names_no_place_and_trusts_nobody(folder, tmp_path):
    content = yaml.safe_load((folder / "config.yaml").read_text())
    content["MODEL"] |= {"WEIGHTS": "/etc/other.pth", "TRUST_WEIGHTS": True, "DEVICE": "meta"}
    content["MODEL"]["BACKBONE"]["PRETRAIN_PATH"] = "/etc/other.pth"
    (folder / "config.yaml").write_text(
        yaml.safe_dump(content | {"OUTPUT_DIR": "/etc", "KD": {"MODEL_WEIGHTS": ["x"]}})
    )
    cfg, default = load_config(folder, []), load_config("", [])
    assert str(folder / "model.safetensors") == cfg.MODEL.WEIGHTS
    assert not cfg.MODEL.TRUST_WEIGHTS and not cfg.MODEL.BACKBONE.PRETRAIN_PATH
    assert (cfg.OUTPUT_DIR, cfg.KD, cfg.MODEL.DEVICE) == (default.OUTPUT_DIR, default.KD, default.MODEL.DEVICE)


@pytest.mark.parametrize("text", ["!!python/object/apply:os.system ['false']", "- 1", "", "a: &a [*a]\n", "\x00"])
def test_a_config_that_is_no_plain_mapping_is_refused(folder, text):
    (folder / "config.yaml").write_text(text)
    with pytest.raises(InputError, match=r"config.yaml"):
        load_config(folder, [])


def test_weights_that_are_no_safetensors_are_refused(folder):
    torch.save({"model": {}}, folder / "model.safetensors")
    with pytest.raises(InputError, match="cannot read .*small/model.safetensors"):
        Predictor(folder)


@pytest.mark.parametrize("lost", ["last_checkpoint", "model_final.pth", "run.json", "results.json", "config.yaml"])
def test_a_run_that_lacks_a_file_is_refused_before_anything_is_written(run, tmp_path, lost, capsys):
    (run / lost).unlink()
    with pytest.raises(SystemExit, match="2"):
        package_model.main([str(run), str(tmp_path / "small")])
    assert lost in capsys.readouterr().err and not (tmp_path / "small").exists()


def test_a_folder_that_is_used_stays_as_it_is(run, tmp_path, capsys):
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "notes.txt").write_text("mine")
    with pytest.raises(SystemExit, match="2"):
        package_model.main([str(run), str(tmp_path / "small")])
    assert "small exists already: give the path of a new folder" in capsys.readouterr().err
    assert [file.name for file in (tmp_path / "small").iterdir()] == ["notes.txt"]
