"""IEEE, MutualFormer-ReID and HAMNet: switches, losses, feature sizes and missing modalities."""

from pathlib import Path

import pytest
import torch
from fastreid.modeling import build_model
from timm.models.vision_transformer import Block

import fastreid_mm.data
import fastreid_mm.methods  # noqa: F401  registers
from fastreid_mm.common.errors import InputError
from fastreid_mm.losses import batch_hard_triplet, heterogeneous_score_coherence, multi_modal_margin
from fastreid_mm.methods.mutualformer import vit_weights
from fastreid_mm.modeling.backbones.network import build_network
from fastreid_mm.modeling.backbones.plain_vit import create_vit
from fastreid_mm.modeling.heads.aligned_head import StreamHead
from fastreid_mm.settings.load import load_config
from tests.modeling.test_architectures import aligned_batch

CONFIGS = Path(__file__).parent.parent.parent / "configs"
IEEE, MUTUALFORMER, HAMNET = "RGBNT201/ieee.yml", "RGBN300/mutualformer.yml", "RGBN300/hamnet.yml"


@pytest.fixture
def build(tiny_cfg):
    def make(base, *options):
        torch.manual_seed(0)
        return build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *options, base=base))

    return make


def outputs(model, batch):
    """What the head gives in training."""
    return model.heads(model.inputs(batch))


def part_features(model, batch):
    return outputs(model, batch)["modality_features"].unflatten(2, (2, 16))


def named(*names):
    return ("MODEL.LOSSES.NAME", str(names))


MARGIN, CE, COHERENCE = "MODEL.LOSSES.MULTI_MODAL_MARGIN", "CrossEntropyLoss", "HeterogeneousScoreCoherence"
STREAM_TRIPLETS = ("MODEL.LOSSES.TRI.HARD_MINING", True, "MODEL.LOSSES.TRI.OUTPUTS", "('stream_features',)")


def test_ieee_sums_over_modalities_and_parts(build):
    model, batch = build(IEEE), aligned_batch(3)
    parts = part_features(model, batch)
    assert parts.shape == (8, 3, 2, 16)
    identity = 0
    for branch, own in zip(model.heads.branches, parts.unbind(1)):
        for part, classifier in enumerate(branch.classifiers):
            likely = classifier(own[:, part]).log_softmax(1)
            smoothed = 0.9 * torch.eye(5)[batch["targets"]] + 0.1 / 5
            identity = identity - (smoothed * likely).sum(1).mean()
    losses = model(batch)
    torch.testing.assert_close(losses["loss_cls"], identity)
    torch.testing.assert_close(
        losses["loss_multi_modal_margin"], multi_modal_margin(parts.flatten(2), batch["targets"])
    )


def test_ieee_readings_of_the_margin(build):
    options = [
        *(f"{MARGIN}.DISTANCE", "l2", f"{MARGIN}.REDUCTION", "mean"),
        *(f"{MARGIN}.SCALE", 3.0, f"{MARGIN}.MARGIN", 0.5),
    ]
    model, batch = build(IEEE, *options), aligned_batch(3)
    expected = 3 * multi_modal_margin(part_features(model, batch).flatten(2), batch["targets"], 0.5, "l2", "mean")
    torch.testing.assert_close(model(batch)["loss_multi_modal_margin"], expected)


def test_ieee_of_the_paper_instead_of_the_code(build):
    options = [
        "MODEL.IEEE.REM",
        "paper",
        "MODEL.IEEE.GLOBAL_FROM",
        "interaction",
        f"{MARGIN}.DISTANCE",
        "l2",
        "MODEL.LOSSES.CE.EPSILON",
        "0.0",
    ]
    model, batch = build(IEEE, *options), aligned_batch(3)
    parts, targets = part_features(model, batch), batch["targets"]
    losses = model(batch)
    expected = multi_modal_margin(parts.flatten(2), targets, distance="l2")
    torch.testing.assert_close(losses["loss_multi_modal_margin"], expected)
    scores = [
        classifier(own[:, part])
        for branch, own in zip(model.heads.branches, parts.unbind(1))
        for part, classifier in enumerate(branch.classifiers)
    ]
    identity = -sum(own.log_softmax(1)[range(8), targets].mean() for own in scores)  # eq. 7
    torch.testing.assert_close(losses["loss_cls"], identity)


def test_ieee_keeps_modalities_apart_at_length_one_and_else_draws_them_together(build):
    """The margin is beyond where the modalities of features of length one start, and short of it for longer ones."""
    model, batch = build(IEEE), aligned_batch(3)
    features = part_features(model, batch).flatten(2)
    features, targets = 3 * features.detach(), batch["targets"]  # as long as those of 768 channels
    features.requires_grad_()
    for normalize, moves in ((True, 1), (False, -1)):
        loss = multi_modal_margin(features, targets, distance="l2", normalize=normalize)
        (gradient,) = torch.autograd.grad(loss, features)
        before, after = (spread(x, targets, normalize) for x in (features, features - 0.01 * gradient))
        assert moves * (after - before) > 0


def spread(features, targets, normalize):
    """The mean distance of the modalities' centres."""
    features = torch.nn.functional.normalize(features, dim=-1) if normalize else features
    centers = torch.stack([features[targets == label].mean(0) for label in targets.unique()])
    return sum((centers[:, a] - centers[:, b]).norm(dim=1).mean() for a, b in ((0, 1), (0, 2), (1, 2)))


def test_ieee_other_losses_of_figure_7(build):
    batch = aligned_batch(3)
    targets = batch["targets"]
    section = "MODEL.LOSSES.HETERO_CENTER"
    options = (
        f"{section}.OUTPUTS",
        "('modality_features',)",
        f"{section}.REDUCTION",
        "sum",
        f"{section}.NORMALIZE",
        True,
    )
    model = build(IEEE, *named(CE, "HeteroCenter"), *options)
    parts = torch.nn.functional.normalize(part_features(model, batch).flatten(2), dim=2)  # each of length one
    centers = torch.stack([parts[targets == label].mean(0) for label in targets.unique()])  # (identities, 3, D)
    pairs = sum((centers[:, a] - centers[:, b]).square().sum() for a, b in ((0, 1), (0, 2), (1, 2)))
    torch.testing.assert_close(model(batch)["loss_hetero_center"], pairs)
    model = build(IEEE, *named(CE, "CenterLoss"))
    own = part_features(model, batch).flatten(1)
    expected = 0.5 * (own - model.losses.terms["CenterLoss"].centers["features"][targets]).square().sum(1).mean()
    torch.testing.assert_close(model(batch)["loss_center"], expected)
    assert set(build(IEEE, *named(CE))(batch)) == {"loss_cls"}


@pytest.mark.parametrize(
    "fusion, streams, maps", [("image_sum", 1, 1), ("feature_sum", 3, 1), ("feature_concatenation", 3, 3)]
)
def test_ieee_fusions_of_figure_6_have_one_branch(build, fusion, streams, maps):
    model, batch = build(IEEE, "MODEL.IEEE.FUSION", fusion, *named(CE)), aligned_batch(3)
    assert len(model.backbone.streams) == streams and len(model.heads.branches) == 1 and model.interaction is None
    assert model.heads.branches[0].reduce[0].in_channels == maps * model.backbone.dim
    assert set(model(batch)) == {"loss_cls"}
    assert model.eval()(batch).shape == (8, 2 * 16)


def test_ieee_sums_see_every_modality_alike(build):
    batch = aligned_batch(3)
    turned = batch | {"images": batch["images"].roll(1, 1)}
    model = build(IEEE, "MODEL.IEEE.FUSION", "image_sum", *named(CE)).eval()
    torch.testing.assert_close(model(batch), model(turned), atol=1e-4, rtol=1e-4)
    model = build(IEEE).eval()
    assert (model(batch) - model(turned)).abs().max() > 1e-3


def test_ieee_table_3(build):
    base = build(IEEE, "MODEL.IEEE.CIM", False, "MODEL.IEEE.REM", "none", *named(CE))
    assert base.interaction is None and base.heads.branches[0].relation is None
    full = build(IEEE)
    assert full.interaction is not None and full.heads.branches[0].relation.reading == "official"
    assert build(IEEE, "MODEL.IEEE.REM", "paper").heads.branches[0].relation.reading == "paper"


def test_ieee_where_the_whole_comes_from(build):
    options, batch = ("MODEL.IEEE.REM", "paper"), aligned_batch(3)
    backbone = build(IEEE, *options).eval()
    interaction = build(IEEE, *options, "MODEL.IEEE.GLOBAL_FROM", "interaction").eval()
    interaction.load_state_dict(backbone.state_dict())
    assert (backbone(batch) - interaction(batch)).abs().max() > 1e-4


def test_ieee_of_the_paper_has_2304_channels_and_18_classifiers():
    cfg = load_config(
        str(CONFIGS / IEEE),
        ["MODEL.DEVICE", "cpu", "MODEL.BACKBONE.PRETRAIN", "False", "MODEL.HEADS.NUM_CLASSES", "171"],
    )
    model = build_model(cfg).eval()
    assert sum(len(branch.classifiers) for branch in model.heads.branches) == 18
    with torch.no_grad():
        assert model({"images": torch.rand(1, 3, 3, 256, 128)}).shape == (1, 2304)
        maps = model.backbone(torch.rand(1, 3, 3, 256, 128))
    assert maps.shape == (1, 3, 2048, 16, 8)


def test_mutual_former_of_the_paper_has_its_128_tokens():
    cfg = load_config(
        str(CONFIGS / MUTUALFORMER),
        ["MODEL.DEVICE", "cpu", "MODEL.BACKBONE.PRETRAIN", "False", "MODEL.HEADS.NUM_CLASSES", "150"],
    )
    model = build_model(cfg).eval()
    assert model.heads.position.shape == (2, 128, 768) and len(model.heads.fusion.fuse.layers) == 2
    with torch.no_grad():
        assert model({"images": torch.rand(1, 2, 3, 128, 256)}).shape == (1, 768 + 2 * 2048)


def test_mutual_former_losses(build):
    options = (*named(CE, COHERENCE, "TripletLoss"), *STREAM_TRIPLETS, "MODEL.LOSSES.TRI.SCALE", 0.5)
    model, batch = build(MUTUALFORMER, *options), aligned_batch(2)
    head, targets = model.heads, batch["targets"]
    pooled = model.inputs(batch)["modality_maps"].flatten(3).mean(3)
    necked = [neck(own) for neck, own in zip(head.necks, pooled.unbind(1))]
    a, b = (head.classifier(own) for own in necked)
    losses = model(batch)
    coherence = 0.001 * heterogeneous_score_coherence(a, b)
    torch.testing.assert_close(losses["loss_heterogeneous_score_coherence"], coherence)
    triplet = 0.5 * sum(batch_hard_triplet(own, targets) for own in necked)
    torch.testing.assert_close(losses["loss_triplet"], triplet)
    fused = head.fused_classifier(head.fused(model.inputs(batch)["modality_maps"]))
    smoothed = [torch.nn.functional.cross_entropy(each, targets, label_smoothing=0.1) for each in (a, b, fused)]
    torch.testing.assert_close(losses["loss_cls"], sum(smoothed))
    assert set(losses) == {"loss_cls", "loss_heterogeneous_score_coherence", "loss_triplet"}


def test_mutual_former_may_have_a_triplet_loss_on_the_fused_feature(build):
    options = (*named(CE, COHERENCE, "TripletLoss"), *STREAM_TRIPLETS[:3], "('stream_features', 'features')")
    model, batch = build(MUTUALFORMER, *options), aligned_batch(2)
    found, targets = outputs(model, batch), batch["targets"]
    assert found["features"].shape == (8, 16)
    every = (*found["stream_features"].unbind(1), found["features"])
    torch.testing.assert_close(model(batch)["loss_triplet"], sum(batch_hard_triplet(one, targets) for one in every))


@pytest.mark.parametrize("kind", ["all", "streams"])
def test_mutual_former_may_test_parts_of_equal_length(build, kind):
    options = ("MODEL.MUTUALFORMER.TEST_FEATURE", kind)
    model = build(MUTUALFORMER, *options, "MODEL.MUTUALFORMER.TEST_NORMALIZE", True).eval()
    batch, plain = aligned_batch(2), build(MUTUALFORMER, *options).eval()
    parts = plain(batch).split(plain.block_sizes, 1)
    expected = torch.cat([part / part.norm(dim=1, keepdim=True) for part in parts], 1)
    torch.testing.assert_close(model(batch), expected)
    held = torch.tensor([[True, True], [True, False]]).repeat(4, 1)
    assert not model(batch | {"modality_mask": held})[1::2, model.block_sizes[-1] * -1 - 2 : -2].any()


def vit_file(folder, width=16, depth=2):
    torch.manual_seed(1)
    blocks = torch.nn.ModuleList(Block(width, 4, qkv_bias=True) for _ in range(depth))
    torch.save({"model": {f"blocks.{name}": value for name, value in blocks.state_dict().items()}}, folder / "vit.pth")
    return blocks


@pytest.fixture
def pretrained(monkeypatch):
    """Options under which a network starts from pretrained weights, of which its streams have none."""
    monkeypatch.setattr("fastreid_mm.modeling.backbones.multi_stream.build_network", random_network)
    return "MODEL.BACKBONE.PRETRAIN", True


def random_network(cfg):
    cfg = cfg.clone()
    cfg.defrost()
    cfg.MODEL.BACKBONE.PRETRAIN = False
    return build_network(cfg)


def test_mutual_former_may_start_from_a_vit(build, pretrained, tmp_path):
    blocks = vit_file(tmp_path)
    file = ("MODEL.MUTUALFORMER.VIT", str(tmp_path / "vit.pth"))
    for layer, block in zip(build(MUTUALFORMER, *pretrained, *file).heads.fusion.layers, blocks):
        assert torch.equal(layer.interaction.qkv[1].weight, block.attn.qkv.weight)
        assert torch.equal(layer.feed_forward[3].weight, block.mlp.fc2.weight)
    without = build(MUTUALFORMER, *file).heads.fusion.layers[0]  # nothing pretrained: the file is not read
    assert not torch.equal(without.interaction.qkv[0].weight, blocks[0].attn.qkv.weight)


def test_mutual_former_may_start_from_a_vit_of_timms(build, pretrained, monkeypatch):
    vit = create_vit("vit_tiny_patch16_224")
    monkeypatch.setattr(vit_weights, "require_download", lambda key, name: None)
    monkeypatch.setattr(vit_weights, "create_vit", lambda name, key, pretrained: vit)
    options = ("MODEL.MUTUALFORMER.DIM", 192, "MODEL.MUTUALFORMER.VIT", "vit_tiny_patch16_224")
    layer = build(MUTUALFORMER, *pretrained, *options).heads.fusion.layers[1]
    assert torch.equal(layer.interaction.qkv[0].weight, vit.blocks[1].attn.qkv.weight)


def test_a_vit_that_does_not_fit_is_named(build, pretrained, tmp_path):
    path = str(tmp_path / "vit.pth")
    with pytest.raises(InputError, match="MODEL.MUTUALFORMER.VIT: .*vit.pth does not exist"):
        build(MUTUALFORMER, *pretrained, "MODEL.MUTUALFORMER.VIT", path)
    vit_file(tmp_path, width=8)
    with pytest.raises(InputError, match="MODEL.MUTUALFORMER.VIT .*vit.pth: blocks.0.attn.qkv.weight is"):
        build(MUTUALFORMER, *pretrained, "MODEL.MUTUALFORMER.VIT", path)


def test_the_papers_mutual_former_starts_from_vit_base():
    options = load_config(str(CONFIGS / MUTUALFORMER), []).MODEL.MUTUALFORMER
    with torch.device("meta"):
        vit = create_vit(options.VIT)
    assert (vit.embed_dim, vit.blocks[0].attn.num_heads) == (options.DIM, options.HEADS)


def test_mutual_former_tests_what_it_is_told(build):
    batch, whole = aligned_batch(2), build(MUTUALFORMER).eval()
    sizes = {"all": whole.block_sizes, "fused": whole.block_sizes[:1], "streams": whole.block_sizes[1:]}
    fused, streams = whole(batch).tensor_split([16], 1)
    for kind, expected in (("all", torch.cat([fused, streams], 1)), ("fused", fused), ("streams", streams)):
        model = build(MUTUALFORMER, "MODEL.MUTUALFORMER.TEST_FEATURE", kind).eval()  # seeded alike
        assert torch.equal(model(batch), expected) and model.block_sizes == sizes[kind]
        assert model.pairwise_distance(expected, expected).shape == (8, 8)
        assert set(model.train()(batch)) == set(whole.train()(batch))


@pytest.mark.parametrize("shared, count", [(True, 1), (False, 2)])
def test_both_modalities_may_share_the_patch_embedding(build, shared, count):
    head = build(MUTUALFORMER, "MODEL.MUTUALFORMER.SHARE_PATCH_EMBED", shared).heads
    assert len(head.embed) == count and len(build(MUTUALFORMER).heads.embed) == 1
    maps = torch.rand(2, 2, head.embed[0].in_channels, *head.grid)
    tokens = [head.embed[index % count](maps[:, index]).flatten(2).mT + head.position[index] for index in range(2)]
    torch.testing.assert_close(head.fused(maps), head.fusion(*tokens).mean(1))


def test_hamnet_losses_are_of_the_vectors_of_its_code(build):
    """The triplet loss is one of the streams' features after the BatchNorm, and of the fused scores."""
    model, batch = build(HAMNET), aligned_batch(2)
    maps, targets = model.inputs(batch)["modality_maps"], batch["targets"]
    necked = model.heads.stream_features(maps)
    _, scores = model.heads.fusion(maps, necked)
    losses = model(batch)
    triplet = sum(batch_hard_triplet(each, targets) for each in (*necked.unbind(1), scores))
    torch.testing.assert_close(losses["loss_triplet"], triplet)
    identity = [*model.heads.classifier(necked).unbind(1), scores]
    expected = sum(torch.nn.functional.cross_entropy(each, targets) for each in identity)
    torch.testing.assert_close(losses["loss_cls"], expected)
    assert set(losses) == {"loss_cls", "loss_heterogeneous_score_coherence", "loss_triplet"}


def test_the_streams_classifier_starts_as_in_hamnets_code():
    torch.manual_seed(0)
    weight = StreamHead(2048, 2, 150).classifier.weight
    assert weight.std().item() == pytest.approx(0.0128, rel=0.01) and weight.abs().max() <= 2048**-0.5


@pytest.mark.parametrize("base, modalities", [(IEEE, 3), (MUTUALFORMER, 2), (HAMNET, 2)])
def test_any_modality_may_be_missing(build, base, modalities):
    model = build(base).eval()
    batch = aligned_batch(modalities)
    with torch.no_grad():
        whole = model(batch)
        for lacking in range(modalities):
            mask = torch.ones(8, modalities, dtype=torch.bool)
            mask[::2, lacking] = False
            batch["modality_mask"] = mask
            features = model(batch)
            assert features.isfinite().all() and torch.equal(model.modalities_held(features), mask)
            torch.testing.assert_close(features[1::2, :-modalities], whole[1::2], atol=1e-5, rtol=1e-4)
            noise = batch["images"].clone()
            noise[~mask] = torch.rand(3, *noise.shape[3:]) * 255
            torch.testing.assert_close(model(batch | {"images": noise}), features)  # it is not looked at
            distance = model.pairwise_distance(features, features)
            assert distance.isfinite().all() and distance.diagonal().abs().max() < 1e-2


def test_ieee_features_of_a_missing_modality_are_zero(build):
    model, batch = build(IEEE).eval(), aligned_batch(3)
    batch["modality_mask"] = torch.tensor([[True, False, True]]).repeat(8, 1)
    assert [bool(block.any()) for block in model(batch)[:, :96].split(32, 1)] == [True, False, True]


def test_two_modalities_of_three(build):
    model = build(IEEE, "DATASETS.ALIGNED.MODALITIES", "('RGB', 'TI')")
    assert model.eval()(aligned_batch(2)).shape == (8, 2 * 32)


@pytest.mark.parametrize(
    "base, options, named",
    [
        (IEEE, ["MODEL.IEEE.FUSION", "late"], "MODEL.IEEE.FUSION 'late'"),
        (IEEE, ["MODEL.IEEE.REM", "code"], "MODEL.IEEE.REM 'code'"),
        (IEEE, ["MODEL.LOSSES.NAME", "('Triplets',)"], "MODEL.LOSSES.NAME 'Triplets'"),
        (IEEE, ["MODEL.IEEE.FUSION", "image_sum"], "MODEL.IEEE.FUSION image_sum has no features of single modalities"),
        (IEEE, ["DATASETS.ALIGNED.MODALITIES", "()"], "DATASETS.ALIGNED.MODALITIES"),
        (IEEE, ["MODEL.LOSSES.CE.EPSILON", 2.0], "MODEL.LOSSES.CE.EPSILON 2.0"),
        (IEEE, ["MODEL.BACKBONE.NAME", "build_two_stream_resnet_backbone"], "build_multi_stream_resnet_backbone"),
        (MUTUALFORMER, ["DATASETS.ALIGNED.MODALITIES", "('RGB', 'NIR', 'TIR')"], "two modalities"),
        (MUTUALFORMER, ["MODEL.MUTUALFORMER.FUSION", "mean"], "MODEL.MUTUALFORMER.FUSION 'mean'"),
        (MUTUALFORMER, ["MODEL.MUTUALFORMER.HEADS", 3], "MODEL.MUTUALFORMER.HEADS 3"),
        (MUTUALFORMER, ["MODEL.MUTUALFORMER.EPSILON", 1.5], "MODEL.MUTUALFORMER.EPSILON 1.5"),
        (MUTUALFORMER, ["INPUT.SIZE_TEST", "[32, 64]"], "INPUT.SIZE_TEST"),
        (MUTUALFORMER, ["MODEL.MUTUALFORMER.TEST_FEATURE", "both"], "MODEL.MUTUALFORMER.TEST_FEATURE 'both'"),
        (MUTUALFORMER, ["MODEL.MUTUALFORMER.TEST_FEATURE", "fused", "TEST.MISSING", "('NIR',)"], "TEST_FEATURE .*NIR"),
    ],
)
def test_what_cannot_be_is_named(build, base, options, named):
    with pytest.raises(InputError, match="(?s)" + named.replace("(", r"\(")) as error:
        build(base, *options)
    assert "\n" not in str(error.value)


def test_a_sample_without_any_modality_is_named(build):
    batch = aligned_batch(3) | {"modality_mask": torch.ones(8, 3, dtype=torch.bool), "img_paths": list("abcdefgh")}
    batch["modality_mask"][4] = False
    with pytest.raises(InputError, match="no modality is there of e"):
        build(IEEE).eval()(batch)
