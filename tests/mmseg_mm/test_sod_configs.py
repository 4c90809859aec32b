"""Every shipped saliency config, and the paper's figures in them."""

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS
from mmseg.registry import HOOKS, METRICS, MODELS, TRANSFORMS

from tests.mmseg_mm.small_model import CONFIGS, build_model, small_config

PAPER = CONFIGS / "mutualformer_r50_352x352.py"


def pipelines(config):
    loaders = (config.train_dataloader, config.test_dataloader, config.val_dataloader)
    return [loader.dataset.get("dataset", loader.dataset).pipeline for loader in loaders] + [config.tta_pipeline]


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.py")), ids=lambda path: path.stem)
def test_every_config_builds(path):
    config = Config.fromfile(path)
    config.model.backbone.init_cfg = None
    size = config.model.decode_head.input_size
    assert build_model(config).eval() and MODELS.get(config.tta_model.type)
    for pipeline in pipelines(config):
        scale = next(step for step in pipeline if step["type"] == "Resize")["scale"]
        assert tuple(scale) == tuple(size), path
        assert all(TRANSFORMS.build(step) for step in pipeline)
    assert METRICS.build(config.test_evaluator) and all(HOOKS.build(hook) for hook in config.custom_hooks)


def test_the_papers_recipe():
    config = Config.fromfile(PAPER)
    train = config.train_dataloader
    images = train.dataset.times * sum(one["num_samples"] for one in train.dataset.dataset.sets)
    assert (images, train.batch_size, config.train_cfg.max_epochs) == (32835, 15, 15)
    assert config.model.decode_head.regularization == 0.4 and config.model.decode_head.fusion.epsilon == 0.6
    assert config.model.decode_head.detail == "none"
    tested = {one["name"]: one["num_samples"] for one in config.test_dataloader.dataset.sets}
    assert tested == {"NJU2K": 500, "NLPR": 300, "DUT-RGBD": 400, "SIP": 929, "STEREO": 797, "LFSD": 100}


def test_what_measured_better_has_a_config_of_its_own():
    paper, detail = (
        Config.fromfile(path).to_dict() for path in (PAPER, PAPER.with_name("mutualformer_detail_r50_352x352.py"))
    )
    assert detail["model"]["decode_head"].pop("detail") == "squeezed"
    assert paper["model"]["decode_head"].pop("detail") == "none"
    assert detail == paper


def test_the_papers_learning_rates():
    config, model = Config.fromfile(PAPER), build_model(small_config())
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    assert isinstance(wrapper.optimizer, torch.optim.Adam)
    owner = {id(weight): name for name, weight in model.named_parameters()}
    groups = {owner[id(weight)]: group for group in wrapper.optimizer.param_groups for weight in group["params"]}
    schedulers = [PARAM_SCHEDULERS.build(step, default_args={"optimizer": wrapper}) for step in config.param_scheduler]
    for epoch in range(1, 16):
        factor = 1 if epoch <= 5 else 0.1 if epoch <= 8 else 0.02
        for name, group in groups.items():
            rate = 5e-6 if "backbone" in name.split(".")[0] else 4.5e-5
            assert group["lr"] == pytest.approx(rate * factor), (epoch, name)
        wrapper.optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
