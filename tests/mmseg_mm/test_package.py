"""Folders of trained saliency networks: their making, their use, and strangers' ones, of which nothing is executed."""

import json
import shutil
from pathlib import Path

import cv2
import huggingface_hub
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from safetensors.torch import load_file

from fastreid_mm.commands import package_model, saliency
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.plain_yaml import plain_yaml, read_plain_yaml
from mmseg_mm import SaliencyPredictor, init_rgbd_model
from mmseg_mm.engine.safe_checkpoint import load_from_local
from mmseg_mm.load_config import load_config
from mmseg_mm.model_folder import config_file, config_of_folder, shared_config
from tests.mmseg_mm.small_model import build_model, small_config

RESULTS = {"toy": {"Sm": 0.9612, "MAE": 0.0111}}
RECORD = {"versions": {"mmsegmentation": "1.2.2"}, "seed": 7}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A training that has ended, with random weights, whose folder was moved."""
    place = tmp_path_factory.mktemp("run")
    config = small_config()
    config.dump(place / "config.py")
    torch.save({"meta": {"epoch": 1}, "state_dict": build_model(config).state_dict()}, place / "epoch_1.pth")
    (place / "last_checkpoint").write_text("/elsewhere/epoch_1.pth")
    (place / "run.json").write_text(json.dumps(RECORD))
    (place / "20260131_120000").mkdir()
    (place / "20260131_120000" / "sod_results.json").write_text(json.dumps(RESULTS))
    return place


@pytest.fixture(scope="module")
def packaged(run, tmp_path_factory):
    place = tmp_path_factory.mktemp("packaged") / "small"
    package_model.main([str(run), str(place), "--license", "apache-2.0"])
    return place


@pytest.fixture
def network(packaged, tmp_path):
    return Path(shutil.copytree(packaged, tmp_path / "small"))


def pair():
    random = np.random.default_rng(0)
    return random.integers(0, 256, (40, 50, 3), np.uint8), random.random((40, 50)).astype(np.float32)


def test_a_folder_gives_the_maps_of_the_run_bit_for_bit(run, packaged, monkeypatch):
    expected = SaliencyPredictor(init_rgbd_model(run / "config.py", run / "epoch_1.pth"))(pair())[0]
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *a, **k: str(packaged))
    assert np.array_equal(SaliencyPredictor("hf://user/small@v1")(pair())[0], expected)
    tensors = load_file(packaged / "model.safetensors")
    saved = torch.load(run / "epoch_1.pth", weights_only=True)["state_dict"]
    assert tensors.keys() == saved.keys() and all(torch.equal(tensors[name], saved[name]) for name in saved)


def test_its_card_has_results_and_the_run(packaged):
    card = (packaged / "README.md").read_text()
    assert "\nlicense: apache-2.0\n---\n\n# small\n" in card and "{" not in card
    assert "tags: [salient-object-detection, rgb-d]" in card
    assert "| data set | Sm | MAE |\n| --- | --- | --- |\n| toy | 0.961 | 0.011 |" in card
    assert "| mmsegmentation | 1.2.2 |" in card and "| seed | 7 |" in card


def test_its_config_is_that_of_the_run_without_places(packaged):
    config, content = small_config(), read_plain_yaml(packaged / "config.yaml")
    assert content["test_dataloader"]["dataset"]["data_root"] == "test"
    assert content["train_dataloader"]["dataset"]["data_root"] == "train"
    assert "init_cfg" not in str(content) and content["train_cfg"]["max_epochs"] == config.max_epochs
    read = config_of_folder(packaged)
    assert read.tta_pipeline == config.tta_pipeline and read.test_dataloader.dataset.data_root == "data/SOD/test"
    assert read.test_dataloader.dataset.pipeline == config.test_dataloader.dataset.pipeline  # with its tuples


def test_commands_need_no_config_with_a_folder(packaged, tmp_path):
    image, depth = pair()
    cv2.imwrite(str(tmp_path / "a.png"), image)
    cv2.imwrite(str(tmp_path / "d.png"), (depth * 255).astype(np.uint8))
    files = [str(tmp_path / name) for name in ("a.png", "d.png", "map.png")]
    saliency.predict([*files, "--weights", str(packaged)])
    assert cv2.imread(files[2], cv2.IMREAD_UNCHANGED).shape == (40, 50)


def test_what_a_command_needs_is_said(packaged, tmp_path, capsys):
    (tmp_path / "a.png").touch()
    for words, said in (
        (["predict", *[str(tmp_path / "a.png")] * 2, "m.png"], "give a config and a checkpoint, or a folder"),
        (["export", "SOD/mutualformer_demo.py", "m.onnx"], "give a config and a checkpoint, or a folder"),
        (["test", str(tmp_path)], "is no folder of a trained network: it has no config.yaml and no model.safe"),
        (["train", str(packaged)], "small is a trained network: train by a config, with --cfg-options load_from="),
    ):
        with pytest.raises(SystemExit, match="2"):
            getattr(saliency, words[0])(words[1:])
        error = capsys.readouterr().err
        assert said in error and error.startswith("error: ") and error.count("\n") == 1


def test_the_host_script_reads_the_same_config(packaged):
    with config_file(packaged, None) as path:
        assert path.name == "small.py"
        assert Config.fromfile(path).to_dict() == config_of_folder(packaged).to_dict()
    assert not path.exists()


def test_training_begins_with_a_folder_and_its_settings_are_compared(run, packaged):
    assert load_from_local(str(packaged))["state_dict"].keys() == build_model().state_dict().keys()
    with pytest.raises(InputError, match="was trained with decode_head.detail='squeezed', but the config has 'none'"):
        init_rgbd_model(run / "config.py", packaged, options={"model.decode_head.detail": "none"})


def change(network, **keys):
    config = read_plain_yaml(network / "config.yaml")
    for key, value in keys.items():
        *parents, last = key.split("__")
        node = config
        for parent in parents:
            node = node[parent]
        node[last] = value
    (network / "config.yaml").write_text(plain_yaml(config))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"model__backbone": {"type": "os.system", "command": "true"}}, "model.backbone.type 'os.system' is none"),
        ({"model__backbone__type": "VPD"}, "model.backbone.type 'VPD' is none that a folder may name"),
        ({"model__backbone__norm_cfg": {"type": ["BN"]}}, "norm_cfg.type "),
        ({"model___scope_": "mmdet"}, "model has the key '_scope_'"),
        ({"model__data_preprocessor__mean": "{{$HOME:}}"}, "is no plain value"),
        ({"model__data_preprocessor__std": float("inf")}, "is no plain value"),
        ({"test_dataloader__dataset__data_root": "/etc"}, "dataset.data_root '/etc' is not below"),
        ({"test_dataloader__dataset__ann_file": "../x"}, "dataset.ann_file '../x' is not below"),
        ({"tta_pipeline": [{"type": "builtins.exec"}]}, "tta_pipeline.0.type 'builtins.exec' is none"),
        ({"custom_imports": {"imports": ["evil"]}}, r"""it needs code from outside; if you trust it: custom_imports"""),
        ({"custom_imports": {"imports": [3]}}, "are no names of modules"),
        ({"model": 3}, "is of no saliency network: it has no model"),
        ({"test_dataloader": {}}, "it has no test_dataloader.dataset"),
    ],
)
def test_a_strangers_config_is_refused_in_one_line(network, tmp_path, monkeypatch, keys, said):
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')")
    monkeypatch.syspath_prepend(str(tmp_path))
    change(network, **keys)
    with pytest.raises(InputError, match=said) as error:
        init_rgbd_model(network)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["!!python/object/apply:os.system ['false']", "- 1", "", "a: &a [*a]\n", "\x00"])
def test_a_config_that_is_no_plain_mapping_is_refused(network, text):
    (network / "config.yaml").write_text(text)
    with pytest.raises(InputError, match=r"config.yaml"):
        init_rgbd_model(network)


def test_a_strangers_config_names_no_file_loss_or_output(network, packaged):
    expected = config_of_folder(packaged).to_dict()
    change(
        network,
        model__backbone__init_cfg={"type": "Pretrained", "checkpoint": "/etc/x"},
        model__decode_head__loss_decode={"type": "CrossEntropyLoss", "class_weight": "evil.pkl"},
        model__auxiliary_head={"type": "FCNHead"},
        test_evaluator={"type": "SODMetric", "output_dir": "/etc"},
        work_dir="/etc",
    )
    assert config_of_folder(network).to_dict() == expected
    assert init_rgbd_model(network)


def test_code_that_the_user_names_is_imported(network, tmp_path, monkeypatch):
    (tmp_path / "other_head.py").write_text(
        "from mmseg.registry import MODELS\nfrom mmseg_mm.models import MutualFormerHead\n"
        "@MODELS.register_module(force=True)\nclass OtherHead(MutualFormerHead):\n    pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    change(network, custom_imports={"imports": ["other_head"]}, model__decode_head__type="OtherHead")
    model = init_rgbd_model(network, options={"custom_imports.imports": ["other_head"]})
    assert type(model.decode_head).__name__ == "OtherHead"
    shared = shared_config(load_config(network, imports=["other_head"]))
    MODELS.module_dict.pop("OtherHead")
    assert shared["custom_imports"] == {"imports": ["other_head"]}


@pytest.mark.parametrize("lost", ["last_checkpoint", "epoch_1.pth", "run.json", "20260131_120000", "config.py"])
def test_a_run_that_lacks_a_file_is_refused_before_anything_is_written(run, tmp_path, lost, capsys):
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    path = copy / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(SystemExit, match="2"):
        package_model.main([str(copy), str(tmp_path / "small")])
    said = {"20260131_120000": "sod_results.json", "config.py": "*.py"}.get(lost, lost)
    assert said in capsys.readouterr().err and not (tmp_path / "small").exists()


def test_a_config_with_code_is_not_shared(run, tmp_path):
    config = load_config(run / "config.py")
    config.randomness.seed = print
    with pytest.raises(InputError, match="is no plain data"):
        plain_yaml(shared_config(config))
