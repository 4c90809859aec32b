"""Pretrained weights: the kinds of files people have, and errors that say what to do."""

import re

import numpy as np
import pytest
import timm
import torch
import torchvision
from fastreid.modeling import build_model
from fastreid.modeling.backbones import build_backbone

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.modeling.backbones import pretrained

KEY = "MODEL.BACKBONE.PRETRAIN_PATH"


@pytest.fixture
def load(tiny_cfg):
    """Builds the backbone of a config with the weights of a file."""

    def build(path, base="SYSU/cmtr.yml"):
        return build_backbone(tiny_cfg("MODEL.BACKBONE.PRETRAIN", True, KEY, path, base=base))

    return build


def ramp_state(side: int) -> dict[str, torch.Tensor]:
    """A ViT of the tests' size with ``side`` x ``side`` patches, whose position embeddings count the columns."""
    torch.manual_seed(1)
    vit = timm.create_model(
        "vit_base_patch16_224", patch_size=8, embed_dim=32, depth=2, num_heads=2, img_size=8 * side, num_classes=7
    )
    columns = torch.arange(float(side)).repeat(side)[:, None].expand(-1, 32)
    vit.pos_embed.data[0] = torch.cat([torch.full((1, 32), 9.0), columns])
    return vit.state_dict()


def google_arrays(state: dict[str, torch.Tensor], heads: int = 2) -> dict[str, np.ndarray]:
    """The same weights as the ViT authors' ``.npz`` files name and lay them out."""

    def split(weight):  # (D, ...) of a projection's output to (..., heads, D / heads)
        return weight.T.reshape(*weight.T.shape[:-1], heads, -1)

    found = {
        "embedding/kernel": state["patch_embed.proj.weight"].permute(2, 3, 1, 0),
        "embedding/bias": state["patch_embed.proj.bias"],
        "cls": state["cls_token"],
        "Transformer/posembed_input/pos_embedding": state["pos_embed"],
        "Transformer/encoder_norm/scale": state["norm.weight"],
        "Transformer/encoder_norm/bias": state["norm.bias"],
    }
    for index in range(2):
        mine, theirs = f"blocks.{index}", f"Transformer/encoderblock_{index}"
        for norm, name in (("norm1", "LayerNorm_0"), ("norm2", "LayerNorm_2")):
            found |= {
                f"{theirs}/{name}/scale": state[f"{mine}.{norm}.weight"],
                f"{theirs}/{name}/bias": state[f"{mine}.{norm}.bias"],
            }
        attention = f"{theirs}/MultiHeadDotProductAttention_1"
        for part, name in enumerate(("query", "key", "value")):
            rows = slice(32 * part, 32 * (part + 1))
            found |= {
                f"{attention}/{name}/kernel": split(state[f"{mine}.attn.qkv.weight"][rows]),
                f"{attention}/{name}/bias": split(state[f"{mine}.attn.qkv.bias"][rows]),
            }
        found |= {
            f"{attention}/out/kernel": state[f"{mine}.attn.proj.weight"].T.reshape(heads, -1, 32),
            f"{attention}/out/bias": state[f"{mine}.attn.proj.bias"],
        }
        for layer in (0, 1):
            found |= {
                f"{theirs}/MlpBlock_3/Dense_{layer}/kernel": state[f"{mine}.mlp.fc{layer + 1}.weight"].T,
                f"{theirs}/MlpBlock_3/Dense_{layer}/bias": state[f"{mine}.mlp.fc{layer + 1}.bias"],
            }
    return {name: value.numpy() for name, value in found.items()}


def prefixed(state: dict, prefix: str) -> dict:
    return {prefix + name: value for name, value in state.items()}


def save_as(kind: str, state: dict[str, torch.Tensor], folder) -> str:
    path = str(folder / ("weights.npz" if kind == "npz" else "weights.pth"))
    if kind == "npz":
        np.savez(path, **google_arrays(state))
        return path
    torch.save(
        {
            "bare": state,
            "under model": {"model": state},
            "data parallel": {"state_dict": prefixed(state, "module.")},
            "fast-reid": {
                "model": {
                    "pixel_mean": torch.zeros(1, 3, 1, 1),
                    "heads.weight": torch.zeros(7, 32),
                    **prefixed(state, "backbone."),
                },
                "epoch": 3,
            },
        }[kind],
        path,
    )
    return path


@pytest.mark.parametrize("kind", ["bare", "under model", "data parallel", "fast-reid", "npz"])
def test_every_kind_of_file_gives_a_vit_the_same_weights(load, tmp_path, kind):
    state = ramp_state(3)
    if kind == "fast-reid":  # has no classifier, and a grid for images of its own
        state = {name: value for name, value in state.items() if not name.startswith("head")}
    backbone = load(save_as(kind, state, tmp_path))
    for name, value in backbone.vit.state_dict().items():
        if name != "pos_embed":
            torch.testing.assert_close(value, state[name], msg=name)
    embedding = backbone.vit.pos_embed[0]  # 7 x 3 patches and the class token
    assert embedding.shape == (22, 32) and bool((embedding[0] == 9).all())
    torch.testing.assert_close(embedding[1:, 0], torch.arange(3.0).repeat(7))
    assert set(backbone.pretrained_parameters()) == set(backbone.parameters())


def test_position_embeddings_are_resized_bilinearly(load, tmp_path):
    embedding = load(save_as("bare", ramp_state(6), tmp_path)).vit.pos_embed[0, 1:, 0].detach()
    # two columns in one: the corners are not aligned, so a new column lies midway between two old ones
    torch.testing.assert_close(embedding, torch.tensor([0.5, 2.5, 4.5]).repeat(7))


def test_a_grid_that_is_the_networks_own_is_taken_as_it_is_and_another_is_refused(load, tmp_path):
    state = ramp_state(3)
    state["pos_embed"] = torch.randn(1, 22, 32)
    assert torch.equal(load(save_as("bare", state, tmp_path)).vit.pos_embed, state["pos_embed"])
    state["pos_embed"] = torch.randn(1, 16, 32)
    with pytest.raises(InputError, match=f"{KEY}: 15 position embeddings .* neither a square nor .* 7 x 3"):
        load(save_as("bare", state, tmp_path))


@pytest.mark.parametrize("kind", ["bare", "data parallel", "fast-reid"])
@pytest.mark.parametrize("base", ["SYSU/agw.yml", "RGBNT201/ieee.yml"])
def test_every_kind_of_file_gives_a_resnet_the_same_weights(load, tmp_path, kind, base):
    torch.manual_seed(1)
    state = timm.create_model("test_resnet", num_classes=7).state_dict()
    if kind == "fast-reid":
        state = {name: value for name, value in state.items() if not name.startswith("fc")}
    found = load(save_as(kind, state, tmp_path), base).state_dict()
    for stream in range(2):
        stem = "stem." if base == "SYSU/agw.yml" else ""
        assert torch.equal(found[f"streams.{stream}.{stem}conv1.0.weight"], state["conv1.0.weight"])


def test_pretrained_tensors_learn_at_a_tenth(tiny_cfg, tmp_path):
    cfg = tiny_cfg(
        "MODEL.HEADS.NUM_CLASSES", 5, "MODEL.BACKBONE.PRETRAIN", True, KEY, save_as("bare", ramp_state(3), tmp_path)
    )
    model = build_model(cfg)
    rates = {id(group["params"][0]): group["lr"] for group in build_optimizer(cfg, model).param_groups}
    for name, value in model.named_parameters():
        if value.requires_grad:
            assert rates[id(value)] == pytest.approx(1e-4 if name.startswith("backbone.vit.") else 1e-3), name


def test_what_cannot_be_loaded_is_named_with_its_key(load, tmp_path):
    state = ramp_state(3)
    del state["blocks.1.mlp.fc1.weight"]
    junk = tmp_path / "junk.safetensors"
    junk.write_bytes(b"junk")
    np.savez(tmp_path / "other.npz", a=np.zeros(2))
    torch.save([1, 2], tmp_path / "list.pth")
    for path, words in (
        (save_as("bare", state, tmp_path), "weights.pth .*blocks.1.mlp.fc1.weight"),
        (tmp_path / "none.pth", "none.pth does not exist"),
        (tmp_path / "none.npz", "does not exist"),
        (junk, "cannot read .*junk"),
        (tmp_path / "other.npz", "other.npz do not fit"),
        (tmp_path / "list.pth", "list.pth"),
    ):
        with pytest.raises(InputError, match=f"{KEY}: .*{words}") as error:
            load(path)
        assert "\n" not in str(error.value)


def test_a_file_that_would_run_code_is_refused(load, tmp_path):
    class Danger:
        def __reduce__(self):
            return print, ("run",)

    torch.save({"model": Danger()}, tmp_path / "danger.pth")
    with pytest.raises(InputError, match=f"{KEY}: cannot read .*danger.pth"):
        load(tmp_path / "danger.pth")


def test_no_version_of_timm_decides_whether_a_file_runs_code(monkeypatch, tmp_path):
    """timm 1.0.3 calls torch.load without ``weights_only``, which older PyTorch takes for False."""
    asked, load = [], torch.load

    def noted(path, **options):
        asked.append(options)
        return load(path, **options)

    monkeypatch.setattr(torch, "load", noted)
    monkeypatch.setattr(timm.models._helpers, "_torch_load", lambda *_, **__: pytest.fail("timm loads the file"))
    torch.save({"model": {"module.a": torch.ones(1)}}, tmp_path / "a.pth")
    assert list(pretrained.read_state_dict(str(tmp_path / "a.pth"))) == ["a"]
    assert [options["weights_only"] for options in asked] == [True]


class NoNetwork:
    asked = 0

    @classmethod
    def head(cls, *_, **__):
        cls.asked += 1
        raise OSError("Name or service not known")


@pytest.mark.parametrize(
    "base, name",
    [
        ("SYSU/cmtr.yml", "MODEL.BACKBONE.VIT.NAME vit_base_patch16_224"),
        ("SYSU/agw.yml", "MODEL.BACKBONE.RESNET.NAME resnet50.tv_in1k"),
        ("RGBN300/hamnet.yml", "MODEL.BACKBONE.RESNET.NAME resnet50.tv_in1k"),
    ],
)
def test_without_a_network_it_is_said_at_once_what_to_do(tiny_cfg, monkeypatch, base, name):
    """One question decides; timm's own attempts take a minute to fail."""
    monkeypatch.setattr(pretrained, "get_session", lambda: NoNetwork)
    monkeypatch.setattr(pretrained, "try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr(pretrained.constants, "HF_HUB_OFFLINE", False)
    NoNetwork.asked = 0
    cfg = tiny_cfg("MODEL.BACKBONE.PRETRAIN", True, "MODEL.BACKBONE.RESNET.NAME", "resnet50.tv_in1k", base=base)
    with pytest.raises(InputError, match=f"{re.escape(name)}.*Name or service.*{KEY}.*PRETRAIN False"):
        build_backbone(cfg)
    assert NoNetwork.asked == 1


def test_weights_that_are_here_already_need_no_network(monkeypatch):
    monkeypatch.setattr(pretrained, "get_session", lambda: NoNetwork)
    monkeypatch.setattr(pretrained, "try_to_load_from_cache", lambda *_: "model.safetensors")
    NoNetwork.asked = 0
    pretrained.require_download("KEY", "resnet50.tv_in1k")
    assert not NoNetwork.asked


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_torchvisions_weights_fit_by_name_and_shape(name):
    with torch.device("meta"):
        theirs, ours = torchvision.models.get_model(name).state_dict(), timm.create_model(name).state_dict()
    assert {key: value.shape for key, value in theirs.items()} == {key: value.shape for key, value in ours.items()}


def resnet_state(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return timm.create_model("test_resnet", num_classes=7).state_dict()


WRAPPED = {
    "net": lambda state: {"net": state, "epoch": 3, "mAP": np.float64(0.5), "optimizer": {"state": {0: {}}}},
    "TransReID": lambda state: prefixed(state, "base.") | {"classifier.weight": torch.zeros(3, 2)},
    "TOP-ReID": lambda state: prefixed(state, "BACKBONE.base.") | {"NI.bottleneck.weight": torch.ones(2)},
    "module.base": lambda state: {"state_dict": prefixed(state, "module.base."), "best": np.int64(3)},
    "lightning": lambda state: {"state_dict": prefixed(state, "student.encoder."), "hyper_parameters": {"lr": 1}},
    "dino": lambda state: {"student": {name: value * 0 for name, value in state.items()}, "teacher": state},
    "unheard of": lambda state: {"checkpoint": {"weights_v2": prefixed(state, "a.b.c.")}},
}


@pytest.mark.parametrize("kind", WRAPPED)
@pytest.mark.parametrize("base", ["SYSU/cmtr.yml", "SYSU/agw.yml", "RGBNT201/ieee.yml"])
def test_other_peoples_wrappings_give_the_same_weights_and_what_is_left_out_is_said(load, tmp_path, caplog, kind, base):
    state = ramp_state(3) if base == "SYSU/cmtr.yml" else resnet_state(1)
    torch.save(WRAPPED[kind](state), tmp_path / "theirs.pth")
    with caplog.at_level("INFO", "fastreid.mm"):
        own = load(str(tmp_path / "theirs.pth"), base)
    if base == "SYSU/cmtr.yml":
        assert torch.equal(own.vit.blocks[1].attn.qkv.weight, state["blocks.1.attn.qkv.weight"])
    else:
        name = "streams.1.stem.conv1.0.weight" if base == "SYSU/agw.yml" else "streams.1.conv1.0.weight"
        assert torch.equal(own.state_dict()[name], state["conv1.0.weight"])
    (said,) = [record.getMessage() for record in caplog.records if "theirs.pth" in record.getMessage()]
    assert "the weights are " in said and "left out" in said


@pytest.mark.parametrize("kind", [*WRAPPED, "bare"])
def test_wrappings_are_undone_without_the_networks_names_where_words_say_so(tmp_path, kind):
    state = {"0.weight": torch.ones(2, 2), "0.bias": torch.ones(2)}
    torch.save(WRAPPED.get(kind, dict)(state), tmp_path / "theirs.pth")
    found = pretrained.read_state_dict(str(tmp_path / "theirs.pth"))
    assert found.keys() == state.keys() or kind in ("lightning", "unheard of")


def two_streams(layout: str) -> tuple[dict, dict, dict, dict]:
    """A file as the visible-infrared baselines save it, with the networks of both modalities and what they share."""
    kept = {name: value for name, value in resnet_state(0).items() if not name.startswith("fc")}  # as from ImageNet
    trained = [{name: value + seed for name, value in kept.items()} for seed in (1, 2, 3)]
    specific = ("conv1", "bn1", "layer1") if layout in ("DDAG", "HCT") else ("conv1", "bn1")
    streams = [{n: v for n, v in one.items() if n.startswith(specific)} for one in trained[:2]]
    shared = {n: v for n, v in trained[2].items() if not n.startswith(specific)}
    rest = {} if layout == "HCT" else kept  # the others keep whole networks in all three places
    prefix = ("visible_module.visible.", "thermal_module.thermal.", "base_resnet.base.")
    parts = [prefixed(rest | one, name) for one, name in zip([*streams, shared], prefix)]
    others = {"bottleneck.weight": torch.ones(2), "classifier.weight": torch.zeros(3, 2)}
    return {"net": parts[0] | parts[1] | parts[2] | others, "epoch": 60}, *streams, shared


@pytest.mark.parametrize("layout, stages", [("AGW", 1), ("AGW", 2), ("DDAG", 2), ("HCT", 2)])
def test_the_baselines_files_fill_both_streams_and_what_they_share(tiny_cfg, tmp_path, caplog, layout, stages):
    content, visible, infrared, shared = two_streams(layout)
    path = str(tmp_path / "sysu.t")
    torch.save(content, path)
    options = ("MODEL.BACKBONE.PRETRAIN", True, KEY, path, "MODEL.BACKBONE.RESNET.SPECIFIC_STAGES", stages)
    with caplog.at_level("INFO", "fastreid.mm"):
        found = build_backbone(tiny_cfg(*options, base="SYSU/agw.yml")).state_dict()
    used = set()
    for stream, mine in enumerate((visible, infrared)):
        for name, value in (shared | mine).items():
            stage = name if name.startswith("layer") else f"stem.{name}"
            place = next(p for p in (f"streams.{stream}.{stage}", f"rest.{name}") if p in found)
            assert torch.equal(found[place], value), place
            used.add(place)
    assert used == found.keys()
    assert "'visible_module.visible.', 'thermal_module.thermal.'" in caplog.text and "2 tensors of other" in caplog.text


def test_stages_of_each_modality_are_not_forced_into_shared_ones(tiny_cfg, tmp_path):
    torch.save(two_streams("DDAG")[0], tmp_path / "sysu.t")
    options = ("MODEL.BACKBONE.PRETRAIN", True, KEY, str(tmp_path / "sysu.t"))
    with pytest.raises(InputError, match="SPECIFIC_STAGES 1: .*sysu.t has more stages for each modality"):
        build_backbone(tiny_cfg(*options, "MODEL.BACKBONE.RESNET.SPECIFIC_STAGES", 1, base="SYSU/agw.yml"))


def test_a_network_that_is_there_more_than_once_or_of_another_depth_is_refused(load, tmp_path):
    torch.save(two_streams("AGW")[0], tmp_path / "sysu.t")
    with pytest.raises(InputError, match="sysu.t has the network more than once, behind .*'visible_module.visible.'"):
        load(str(tmp_path / "sysu.t"), "RGBNT201/ieee.yml")
    deeper = resnet_state(0) | {"layer4.9.conv1.weight": torch.ones(1)}
    torch.save(prefixed(deeper, "base."), tmp_path / "deeper.pth")
    with pytest.raises(InputError, match="deeper.pth do not fit the network: 1 tensors differ, first layer4.9"):
        load(str(tmp_path / "deeper.pth"), "RGBNT201/ieee.yml")
    for kind in (torch.int64, torch.complex64):
        odd = resnet_state(0)
        odd["conv1.0.weight"] = odd["conv1.0.weight"].to(kind)
        torch.save(odd, tmp_path / "odd.pth")
        with pytest.raises(InputError, match="odd.pth do not fit the network: 1 tensors differ, first conv1.0.weight"):
            load(str(tmp_path / "odd.pth"), "RGBNT201/ieee.yml")
