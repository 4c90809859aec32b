"""Lines of networks in the table of speeds: features, saliency maps and training steps, with random weights."""

import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from statistics import median
from typing import Any

import torch
from fastreid.modeling import build_model
from fastreid.utils.events import EventStorage
from measured_line import Line
from step import METHODS, TINY, RandomBatches, build_step, config_of
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from yacs.config import CfgNode

from fastreid_mm.common.batch_layout import LAYOUT
from fastreid_mm.modeling.backbones.token_encoder import TokenEncoder
from fastreid_mm.modeling.tested_network import TestedNetwork

SIDE = 1024  # rows of the matrices whose product is the limit of networks
PRODUCTS = "its products in float32"


def products(flops: float) -> tuple[Callable[[], object], float]:
    """Make a product of matrices, and say how many of them have so many FLOPs."""
    a = torch.rand(SIDE, SIDE)
    return partial(torch.mm, a, a), flops / (2 * SIDE**3)


def flops_of(call: Callable[[], object]) -> int:
    with FlopCounterMode(display=False) as counter:  # which needs gradients
        call()
    return counter.get_total_flops()


def options(images: int, tiny: bool) -> list[str]:
    return [*(TINY.split() if tiny else ()), "SOLVER.IMS_PER_BATCH", str(images), "DATALOADER.NUM_INSTANCE", "2"]


def network(method: str, images: int, tiny: bool) -> tuple[CfgNode, nn.Module, dict[str, Any]]:
    """Build the network of a method, and a batch of images."""
    cfg = config_of(METHODS[method], "cpu", *options(images, tiny))
    return cfg, build_model(cfg).eval(), RandomBatches(cfg).batch


def features(method: str, images: int, tiny: bool, dtype: str = "auto") -> Line:
    """Features of a batch in the fastest memory format, and precision, beside float32 and the fastest way by hand."""
    cfg, model, batch = network(method, images, tiny)
    best = cfg.clone()
    best.merge_from_list(["TEST.AMP", dtype, "TEST.CHANNELS_LAST", "auto"])
    ours, float32 = (torch.inference_mode()(partial(TestedNetwork(model, each), batch)) for each in (best, cfg))
    ours()  # which settles what is fastest
    ways = {name: way for name, way in by_hand(model, batch).items() if dtype == "auto" or name.startswith(dtype)}
    name = fastest(ways)
    return Line(ours, float32, ways[name], ("float32", f"by hand in {name}"))


def by_hand(model: nn.Module, batch: Mapping[str, Any]) -> dict[str, Callable[[], Tensor]]:
    """Return the four ways to compute features that take a line of plain PyTorch each."""
    last = torch.channels_last
    turned = (deepcopy(model).to(memory_format=last), {**batch, "images": batch["images"].to(memory_format=last)})

    @torch.inference_mode()
    def compute(network: nn.Module, batch: Mapping[str, Any], half: bool) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            return network(batch).float()

    return {
        dtype + suffix: partial(compute, *given, dtype == "bfloat16")
        for dtype in ("float32", "bfloat16")
        for suffix, given in {"": (model, batch), " channels-last": turned}.items()
    }


def fastest(ways: Mapping[str, Callable[[], object]]) -> str:
    """Return the name of the function with the smallest median of three calls by turns, after one of each."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(4):
        for name, call in ways.items():
            start = time.process_time()  # other programs change it less than the time that passes
            call()
            seconds[name].append(time.process_time() - start)
    return min(ways, key=lambda name: median(seconds[name][1:]))


def tokens_in_float32(tiny: bool) -> Line:
    """CMTR's features in float32, beside timm's blocks as they are without a fused kernel."""
    _, model, batch = network("CMTR", 4, tiny)
    limit, scale = products(flops_of(partial(model, batch)))
    ours, explicit = (torch.inference_mode()(partial(each, batch)) for each in (model, as_in_timm(model)))
    return Line(ours, explicit, limit, ("explicit attention", PRODUCTS), scale)


def as_in_timm(model: nn.Module) -> nn.Module:
    """Copy a network of tokens, with explicit attention and all tokens going through all of the last block."""
    model = deepcopy(model)
    for block in model.backbone.vit.blocks:
        block.attn.fused_attn = False
    model.backbone.encode_feature = partial(TokenEncoder.encode_feature, model.backbone)
    return model


def saliency(tiny: bool) -> Line:
    """Map of one image as predict_saliency --fast computes it, beside the network as it is built."""
    import mmseg_mm  # noqa: F401  first: it makes the host importable
    from mmengine.registry import init_default_scope  # isort: skip
    from mmseg.registry import MODELS  # isort: skip
    from mmseg_mm.fast_network import make_fast
    from mmseg_mm.load_config import load_config

    config = load_config(f"SOD/mutualformer_{'demo' if tiny else 'r50_352x352'}.py")
    init_default_scope("mmseg")
    torch.manual_seed(0)
    model = MODELS.build(config.model).eval()
    images = torch.randn(1, 6, *config.model.decode_head.input_size)  # three channels of colour, three of depth
    limit, scale = products(flops_of(partial(model, images)))
    ours, built = (torch.inference_mode()(partial(each, images)) for each in (make_fast(deepcopy(model)), model))
    return Line(ours, built, limit, ("channels first, nothing folded", PRODUCTS), scale)


def step(method: str, tiny: bool) -> Line:
    """Training step of 16 images, beside forward and backward passes and updates of the backbone alone.

    The limit adds to the backbone as many operations of matrix products as the whole step has more.
    """
    training = build_step(config_of(METHODS[method], "cpu", *options(16, tiny)))
    batch, backbone = next(training._data_loader_iter), training.model.backbone
    images = training.model.normalize(batch["images"])

    def ours() -> None:
        with EventStorage(0):
            training.run_step()

    def bare() -> None:
        training.optimizer.zero_grad()
        if hasattr(backbone, "tokens"):
            maps = backbone.encode_feature(backbone.tokens(images))
        else:
            maps = backbone(images, batch.get("modalities"), batch[LAYOUT])
        maps.mean().backward()
        training.optimizer.step()

    product, count = products(flops_of(ours) - flops_of(bare))

    def limit() -> None:
        bare()
        for _ in range(round(count)):
            product()

    return Line(ours, bare, limit, ("bare backbone", "bare backbone, and products of matrices"))
