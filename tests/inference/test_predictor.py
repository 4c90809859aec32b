"""Features of images outside of any data set, which are those of testing."""

import numpy as np
import pytest
import torch
from fastreid.modeling import build_model
from PIL import Image

from fastreid_mm import Predictor
from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.checkpoint import SafeCheckpointer
from fastreid_mm.inference.testing import evaluate_only
from fastreid_mm.protocols import RetrievalEvaluator
from fastreid_mm.settings.load import with_values

pytestmark = pytest.mark.usefixtures("sysu_datasets")


@pytest.fixture
def features_of_testing(monkeypatch):
    """What evaluators rank, after a test: query and gallery."""
    seen = []
    ranked = RetrievalEvaluator.ranked

    def kept(self, features, *rest):
        seen.append((self, features))
        return ranked(self, features, *rest)

    monkeypatch.setattr(RetrievalEvaluator, "ranked", kept)
    return seen


@pytest.fixture
def saved(tiny_cfg, tmp_path):
    """A config with a checkpoint of a network with weights of random numbers."""

    def save(*options, base="SYSU/cmtr.yml"):
        cfg = tiny_cfg(*options, "MODEL.HEADS.NUM_CLASSES", 6, base=base)
        torch.manual_seed(0)
        SafeCheckpointer(build_model(cfg), str(tmp_path)).save("model", num_classes=6)
        return with_values(cfg, MODEL__WEIGHTS=str(tmp_path / "model.pth"))

    return save


@pytest.mark.parametrize("flip", [False, True])
def test_features_are_those_of_testing(saved, features_of_testing, flip):
    cfg = saved("TEST.FLIP.ENABLED", flip)
    evaluate_only(cfg)
    evaluator, expected = features_of_testing[-1]
    items = [*evaluator.query, *evaluator.gallery]
    names = [("visible", "infrared")[item[3]] for item in items]
    predictor = Predictor(cfg)
    found = predictor.features([item[0] for item in items], names, batch_size=50)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    query, gallery = found[: len(evaluator.query)], found[len(evaluator.query) :]
    torch.testing.assert_close(predictor.distance(query, gallery), evaluator.plain_distance(query, gallery))


def test_aligned_images_are_flipped_left_to_right(saved, monkeypatch, rgbnt201_root):
    """The host's own flip testing turns them upside down."""
    monkeypatch.setenv("FASTREID_DATASETS", str(rgbnt201_root))
    cfg = saved(base="RGBNT201/ieee.yml")
    both, one = Predictor(with_values(cfg, TEST__FLIP__ENABLED=True)), Predictor(cfg)
    draw = np.random.default_rng(0)
    sample = {name: draw.integers(0, 256, (32, 16, 3), np.uint8) for name in one.modalities[:2]}
    mirrored = {name: np.ascontiguousarray(image[:, ::-1]) for name, image in sample.items()}
    torch.testing.assert_close(both.features(sample), one.features([sample, mirrored]).mean(0, keepdim=True))
    assert both.model.modalities_held(both.features(sample)).tolist() == [[True, True, False]]


def test_one_image_alone_a_generator_and_options_of_any_kind(saved, sysu_root):
    cfg = saved()
    predictor = Predictor(cfg)
    path = sysu_root / "SYSU-MM01" / "cam1" / "0009" / "0001.jpg"
    expected = predictor.features([path], "visible")
    for given in (str(path), path, Image.open(path), np.asarray(Image.open(path)), (each for each in [path])):
        assert torch.equal(predictor.features(given, "visible"), expected)
    for images, words in (([], "no images are given"), ({"RGB": path}, "number 0 is dict"), (None, "not NoneType")):
        with pytest.raises(InputError, match=words):
            predictor.features(images, "visible")
    with pytest.raises(InputError, match="batch_size .* not 0"):
        predictor.features([path], "visible", batch_size=0)
    with pytest.raises(InputError, match="must be a list of keys and values in turn, not 'SEED 7'"):
        Predictor("SYSU/cmtr.yml", cfg.MODEL.WEIGHTS, "SEED 7")
    with pytest.raises(InputError, match="MODEL.DEVICE 'gpu' is not a device"):
        Predictor(cfg, device="gpu")


def test_paths_pictures_and_arrays_are_alike(saved, sysu_root):
    predictor = Predictor(saved())
    path = sysu_root / "SYSU-MM01" / "cam1" / "0009" / "0001.jpg"
    picture = Image.open(path)
    found = predictor.features([path, str(path), picture, np.asarray(picture)], "visible")
    assert torch.equal(found[0].expand(4, -1), found)
    grey = predictor.features([picture.convert("L"), np.asarray(picture.convert("L"))], "infrared")
    assert torch.equal(grey[0], grey[1]) and not torch.allclose(grey[0], found[0])
    assert not torch.allclose(predictor.features([path], "infrared")[0], found[0])
    other = Predictor(with_values(predictor.cfg, TEST__CHANNELS_LAST="always")).features([path], "visible")
    torch.testing.assert_close(other, found[:1], atol=1e-5, rtol=1e-4)
    half = Predictor(with_values(predictor.cfg, TEST__AMP="bfloat16")).features([path], "visible")
    assert half.dtype == torch.float32 and 0 < (half - found[:1]).norm() < 0.1 * found[0].norm()


@pytest.mark.parametrize("flip", [False, True])
def test_aligned_samples_may_lack_modalities(saved, monkeypatch, features_of_testing, rgbnt201_root, flip):
    monkeypatch.setenv("FASTREID_DATASETS", str(rgbnt201_root))
    cfg = saved("TEST.FLIP.ENABLED", flip, base="RGBNT201/ieee.yml")
    evaluate_only(cfg)
    evaluator, expected = features_of_testing[-1]
    predictor = Predictor(cfg)
    sources = [item.sources for item in evaluator.query]
    samples = [dict(zip(predictor.modalities, (source.path for source in each))) for each in sources]
    torch.testing.assert_close(predictor.features(samples), expected[: len(samples)], rtol=1e-4, atol=1e-5)
    first = predictor.features([{"RGB": samples[0]["RGB"]}])
    assert predictor.model.modalities_held(first).tolist() == [[True, False, False]]


@pytest.mark.parametrize(
    "images, modality, message",
    [
        (["none.jpg"], "visible", "none.jpg"),
        (["none.jpg"], "thermal", "'thermal' is not one of visible, infrared"),
        (["none.jpg"], ["visible", "infrared"], "2 modalities for 1 images"),
        ([np.zeros((8, 8, 4), np.uint8)], "visible", r"\(8, 8, 4\)"),
        ([np.zeros((8, 8, 3))], "visible", "float64"),
    ],
)
def test_what_cannot_be_used_is_named(saved, images, modality, message):
    predictor = Predictor(saved())
    with pytest.raises(InputError, match=message):
        predictor.features(images, modality)


def test_a_checkpoint_is_needed(tiny_cfg):
    with pytest.raises(InputError, match="MODEL.WEIGHTS is empty"):
        Predictor(tiny_cfg())
    with pytest.raises(InputError, match="gone.pth does not exist"):
        Predictor(tiny_cfg(), "gone.pth")


def test_a_checkpoint_may_lack_what_only_training_has_and_nothing_else(saved):
    cfg = saved(base="SYSU/mun.yml")
    content = torch.load(cfg.MODEL.WEIGHTS, weights_only=True)
    slim = {
        name: value
        for name, value in content["model"].items()
        if not name.startswith(("losses.", "heads.classifier.", "auxiliary."))
    }
    images = [np.full((32, 16, 3), 99, np.uint8)]
    expected = Predictor(cfg).features(images, "visible")
    torch.save(content | {"model": slim}, cfg.MODEL.WEIGHTS)
    assert len(slim) < len(content["model"])
    assert torch.equal(Predictor(cfg).features(images, "visible"), expected)
    del slim["heads.neck.weight"]
    torch.save(content | {"model": slim}, cfg.MODEL.WEIGHTS)
    with pytest.raises(InputError, match=r"1 tensors missing \(heads.neck.weight"):
        Predictor(cfg)


def test_a_checkpoint_that_may_run_code_is_refused_unless_it_is_trusted(saved):
    cfg = saved()
    torch.save(torch.load(cfg.MODEL.WEIGHTS, weights_only=True) | {"args": range(3)}, cfg.MODEL.WEIGHTS)
    with pytest.raises(InputError, match="model.pth: it holds more than plain data, .*MODEL.TRUST_WEIGHTS True"):
        Predictor(cfg)
    assert Predictor(with_values(cfg, MODEL__TRUST_WEIGHTS=True)).model


def test_deep_images_are_read_as_the_config_says_and_prepared_ones_stay(saved, tmp_path):
    deep = np.random.default_rng(0).integers(51241, 52182, (40, 20)).astype(np.uint16)
    path = str(tmp_path / "thermal.png")
    Image.fromarray(deep).save(path)
    by_hand = Image.fromarray(np.rint((deep - 51241.0) / 940 * 255).astype(np.uint8))
    cfg = saved("INPUT.RANGE_16BIT", (51241, 52181))
    predictor = Predictor(cfg)
    right = predictor.features([by_hand], "infrared")
    for given in (path, Image.open(path), predictor.prepare(path)):
        torch.testing.assert_close(predictor.features([given], "infrared"), right, rtol=0, atol=0)
    small = Predictor(with_values(cfg, INPUT__MAX_PIXELS=799))
    with pytest.raises(InputError, match="thermal.png has 20 x 40 pixels, more than INPUT.MAX_PIXELS 799 allows"):
        small.features([path], "infrared")
    assert small.features([by_hand], "infrared").shape == right.shape  # already decoded
