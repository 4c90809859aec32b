"""Exported files compute what PyTorch does, of every architecture, whatever modalities a batch has."""

import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import timm
import torch
from fastreid.modeling import build_model
from PIL import Image

from fastreid_mm import Predictor
from fastreid_mm.commands.export import main
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.onnx_precision import set_precision
from fastreid_mm.common.read_image import PixelRule
from fastreid_mm.export import OnnxPredictor
from fastreid_mm.export.description import Description
from fastreid_mm.export.network import describe
from fastreid_mm.export.prepare_image import prepare_image
from fastreid_mm.export.ranks import feature_cosines
from fastreid_mm.settings.load import load_config
from tests.conftest import write_tiny_config
from tests.modeling.test_architectures import ARCHITECTURES

SMALLER = {
    "CMTR": ["MODEL.BACKBONE.VIT.DEPTH", "1"],
    # parts that do not divide the rows of a map, as in the paper
    "IEEE": ["DATASETS.ALIGNED.MODALITIES", "('RGB', 'TI')", "MODEL.IEEE.PARTS", "3"],
    "MutualFormerReID": ["MODEL.MUTUALFORMER.LAYERS", "1"],
}
"""Tracing takes as long as there are operations."""


def draw(seed, size=(23, 41)):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), np.uint8))


OTHERS = {
    "test_vit": ("TwoStream AGW", "MODEL.BACKBONE.RESNET.NAME", {"depth": 1}),
    "vit_small_patch16_dinov3": ("IEEE", "MODEL.BACKBONE.RESNET.NAME", {"depth": 1, "embed_dim": 32, "num_heads": 2}),
    "hiera_tiny_224": ("CMTR", "MODEL.BACKBONE.VIT.NAME", {"stages": (1, 1, 1, 1), "embed_dim": 16}),
    "swin_tiny_patch4_window7_224": (
        "CMTR",
        "MODEL.BACKBONE.VIT.NAME",
        {"depths": (2, 1), "embed_dim": 16, "num_heads": (1, 2)},
    ),
}
"""Transformers of other kinds: an architecture, its key for the network, and the options of a small one."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Exports an architecture by the command, once, with weights in which no two streams are alike."""
    folder = tmp_path_factory.mktemp("export")

    @functools.cache
    def export(name, suffix="onnx", *options):
        config, weights, output = (str(folder / f"{name}.{kind}") for kind in ("yml", "pth", suffix))
        write_tiny_config(Path(config), ARCHITECTURES[name], folder / "out")
        options = [*SMALLER.get(name, []), *options]
        torch.manual_seed(0)
        model = build_model(load_config(config, ["MODEL.HEADS.NUM_CLASSES", "5", *options]))
        for value in model.parameters():
            value.data += 0.1 * torch.rand_like(value) * value.abs().mean().clamp(min=0.1)
        torch.save({"model": model.state_dict(), "num_classes": 5}, weights)
        main(["--config-file", config, "--weights", weights, "--output", output, *options])
        assert not list(folder.glob(".*")) and not (folder / "out").exists()
        return SimpleNamespace(path=output, predictor=Predictor(config, weights, options, device="cpu"))

    return export


def batches(names):
    """Images with what says what they are: of single images one modality, the other, both; of samples all and some."""
    if not names:
        images = [draw(seed) for seed in range(3)]
        return [(images, kinds) for kinds in ("visible", "infrared", ["infrared", "visible", "infrared"])]
    full = [{name: draw(10 * seed + index) for index, name in enumerate(names)} for seed in range(3)]
    lacking = [{name: image for name, image in full[0].items() if name != left_out} for left_out in names]
    return [(full, ""), ([full[0], *lacking], ""), (lacking[:1], "")]


@pytest.mark.parametrize("network", OTHERS)
def test_transformers_of_other_kinds_give_the_features_of_pytorch(exported, network, monkeypatch):
    name, key, small = OTHERS[network]
    make = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda called, **options: make(called, **{**options, **small}))
    sizes = ("PATCH_SIZE", "EMBED_DIM", "DEPTH", "NUM_HEADS") if name == "CMTR" else ()
    unset = [word for size in sizes for word in (f"MODEL.BACKBONE.VIT.{size}", "0")]
    large = ("INPUT.SIZE_TRAIN", "[64, 32]", "INPUT.SIZE_TEST", "[64, 32]", key, network)
    case = exported(name, f"{network}.onnx", *unset, *large)
    images, kinds = batches(case.predictor.modalities)[-1]
    found = OnnxPredictor(case.path).features(images, kinds, batch_size=2)
    np.testing.assert_allclose(found, case.predictor.features(images, kinds).numpy(), atol=1e-4, rtol=0)


def test_what_pytorch_cannot_convert_is_refused_in_a_line(exported, monkeypatch, capsys):
    def fail(*_, **__):
        raise torch.onnx.errors.OnnxExporterError("advice\nand more advice") from ValueError("five dimensions\nin all")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(SystemExit):
        exported("CMTR", "refused.onnx")
    assert capsys.readouterr().err.endswith("CMTR.refused.onnx: PyTorch cannot convert the network: five dimensions\n")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_exported_network_gives_the_features_of_pytorch_whatever_its_batch_holds(exported, name):
    case = exported(name)
    found = OnnxPredictor(case.path)
    second, kind = ("modality_mask", "bool") if case.predictor.modalities else ("modalities", "int64")
    inputs = [(put.name, put.type, put.shape[0]) for put in found.session.get_inputs()]
    assert inputs == [("images", "tensor(float)", "batch"), (second, f"tensor({kind})", "batch")]
    seen = []
    for images, kinds in batches(case.predictor.modalities):
        expected = case.predictor.features(images, kinds).numpy()
        seen.append(found.features(images, kinds, batch_size=2))  # and so one by itself
        np.testing.assert_allclose(seen[-1], expected, atol=1e-4, rtol=0)
    first, second = seen[:2]
    assert np.abs(first[0] - second[0 if not case.predictor.modalities else 1]).max() > 1e-3  # what it is matters


@pytest.mark.parametrize("name", ["TwoStream AGW", "CMTR", "MutualFormerReID"])
@pytest.mark.parametrize(("precision", "least"), [("float16", 0.9999), ("int8", 0.97)])
def test_fewer_bits_give_nearly_the_features_of_pytorch(exported, tmp_path, name, precision, least):
    case, path = exported(name), tmp_path / "small.onnx"
    shutil.copy(case.path, path)
    set_precision(path, precision)
    images, kinds = batches(case.predictor.modalities)[0]
    found = torch.from_numpy(OnnxPredictor(path).features(images, kinds))
    mean, smallest = feature_cosines(case.predictor.features(images, kinds), found)
    assert smallest > least and path.stat().st_size < Path(case.path).stat().st_size


def test_one_image_alone_and_a_generator_are_lists_for_an_exported_network_too(exported):
    found = OnnxPredictor(exported("TwoStream AGW").path)
    expected = found.features([draw(0)], "visible")
    for given in (draw(0), np.asarray(draw(0)), (image for image in [draw(0)])):
        assert np.array_equal(found.features(given, "visible"), expected)
    for images, options, words in (
        ([], {}, "no images are given"),
        ({"RGB": draw(0)}, {}, "number 0 is dict"),
        ([draw(0)], {"batch_size": 0}, "batch_size"),
        ([draw(0)], {"modality": ["visible"] * 2}, "2 modalities for 1 images"),
    ):
        with pytest.raises(InputError, match=words):
            found.features(images, **{"modality": "visible", **options})
    aligned = OnnxPredictor(exported("MutualFormerReID").path)
    assert np.array_equal(aligned.features({"RGB": draw(0)}), aligned.features([{"RGB": draw(0)}]))


def test_cmt_gives_features_scale_and_shift_and_says_what_they_are(exported):
    found = OnnxPredictor(exported("CMT").path)
    outputs = found.outputs([draw(0)], "infrared")
    assert {name: value.shape for name, value in outputs.items()} == {
        "features": (1, 32),
        "scale": (1, 16),
        "shift": (1, 16),
    }
    told = found.description
    assert (told.architecture, told.metric, told.parts, list(told.size)) == ("CMT", "cosine", 2, [32, 16])
    assert list(told.modalities) == ["visible", "infrared"] and "0 to 255" in told.pixels


def test_what_a_block_of_an_absent_modality_holds_is_zero(exported):
    found = OnnxPredictor(exported("MutualFormerReID").path)
    features = found.outputs([{"RGB": draw(0)}])["features"][0]
    assert features.shape == (16 + 96 + 96,)
    blocks = np.split(features, np.cumsum([channels for channels, _ in found.description.blocks])[:-1])
    assert [bool(block.any()) for block in blocks] == [False, True, False]  # fused, RGB, NIR
    assert [needs for _, needs in found.description.blocks] == [[0, 1], [0], [1]]


def test_a_program_of_torch_export_gives_the_features_of_pytorch_with_the_flip_of_testing(exported):
    case = exported("TwoStream AGW", "pt2", "TEST.FLIP.ENABLED", "True")
    files = {"fastreid_mm.json": ""}
    module = torch.export.load(case.path, extra_files=files).module()
    told = json.loads(files["fastreid_mm.json"])
    assert told["flip"] and told["resize"] == "bicubic"
    for count in (1, 3):
        images, labels = torch.rand(count, 3, 32, 16) * 255, torch.arange(count) % 2
        batch = {"images": images, "modalities": labels}
        expected = case.predictor._forward(batch)
        torch.testing.assert_close(module(images, labels)["features"], expected, atol=1e-5, rtol=0)


def test_the_onnx_predictor_needs_no_pytorch(exported, tmp_path):
    case = exported("TwoStream AGW")
    draw(5).save(tmp_path / "image.png")
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from fastreid_mm.export import OnnxPredictor\n"
        f"print(OnnxPredictor({case.path!r}).features([{str(tmp_path / 'image.png')!r}], 'visible').sum())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert float(done.stdout) == pytest.approx(float(case.predictor.features([draw(5)], "visible").sum()), abs=1e-3)


@pytest.mark.parametrize(
    ("name", "images", "modality", "message"),
    [
        ("TwoStream AGW", [draw(0)], "thermal", "modality 'thermal': 1 images need visible or infrared"),
        ("TwoStream AGW", [draw(0)], ["visible", "visible"], "2 modalities for 1 images"),
        ("TwoStream AGW", ["missing.jpg"], "visible", "image missing.jpg does not exist"),
        ("TwoStream AGW", [np.zeros((4, 4), np.float32)], "visible", "an image is uint8 .* not float32"),
        ("TwoStream AGW", [], "visible", "no images"),
        ("HAMNet", [draw(0)], "", "each sample maps RGB, NIR to images"),
        ("HAMNet", [{"RGB": draw(0), "TIR": draw(1)}], "", "each sample maps RGB, NIR"),
    ],
)
def test_what_does_not_fit_the_network_is_refused(exported, name, images, modality, message):
    with pytest.raises(InputError, match=message):
        OnnxPredictor(exported(name).path).features(images, modality)


def test_deep_images_are_read_as_the_description_says(tmp_path):
    path = tmp_path / "thermal.png"
    deep = np.arange(51241, 51241 + 512, dtype=np.uint16).reshape(32, 16)
    Image.fromarray(deep).save(path)
    cfg = load_config("", ["INPUT.RANGE_16BIT", "(51241, 51752)"])
    described = describe(cfg, SimpleNamespace(metric="cosine", query_adaptive_parts=0))
    again = Description.from_json(described.to_json(), "x.onnx")
    assert tuple(again.range_16bit) == (51241, 51752)
    older = {key: value for key, value in json.loads(described.to_json()).items() if key != "range_16bit"}
    assert Description.from_json(json.dumps(older), "older.onnx").range_16bit == (0, 65535)
    cfg = load_config("", ["INPUT.RANGE_16BIT", "()", "INPUT.PERCENTILES_16BIT", "(5.0, 95.0)"])
    own = describe(cfg, SimpleNamespace(metric="cosine", query_adaptive_parts=0))
    assert (tuple(own.range_16bit), tuple(own.percentiles_16bit)) == ((), (5, 95))
    pixels = prepare_image(str(path), (32, 16), "bicubic", PixelRule(tuple(again.range_16bit)))
    np.testing.assert_allclose(pixels[0], (deep - 51241.0) / 511 * 255, atol=0.51)


def test_the_onnx_predictor_bounds_the_pixels_of_files(exported, tmp_path):
    draw(5).save(tmp_path / "image.png")
    with pytest.raises(InputError, match="image.png has [0-9 x]+ pixels, more than INPUT.MAX_PIXELS 9 allows"):
        OnnxPredictor(exported("TwoStream AGW").path, max_pixels=9).features([str(tmp_path / "image.png")], "visible")
