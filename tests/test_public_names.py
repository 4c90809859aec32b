"""Names that others import: they keep their arguments and their order."""

import importlib
import inspect

import pytest

import fastreid_mm
from fastreid_mm import evaluation, layers, losses

SIGNATURES = {
    fastreid_mm.add_mm_config: ["cfg"],
    losses.weighted_regularized_triplet: ["features", "targets"],
    losses.modality_aware_center: ["features", "targets", "distance", "reduction"],
    losses.hetero_center_triplet: ["features", "targets", "modalities", "margin"],
    losses.modality_consistency: ["compensated", "targets", "reference", "reference_targets"],
    losses.modulation_discriminative: ["features", "scale", "shift", "targets", "margin"],
    losses.identity_alignment: ["visible", "infrared", "auxiliary", "targets", "margin"],
    losses.maximum_mean_discrepancy: ["x", "y", "num_kernels"],
    losses.multi_modal_margin: ["features", "targets", "margin", "distance", "reduction", "normalize"],
    losses.heterogeneous_score_coherence: ["logits_a", "logits_b"],
    losses.pixel_position_aware: ["logits", "mask", "weighted_bce"],
    layers.cross_diffusion: ["affinity_a", "affinity_b", "value_a", "value_b", "epsilon", "reading"],
    layers.cross_attention: ["query_a", "key_a", "value_a", "query_b", "key_b", "value_b", "scale"],
    layers.CrossModalInteraction: ["channels", "num_modalities", "reduction"],
    layers.RelationEmbedding: ["dim", "reading"],
    layers.BoundedScale: ["low", "high"],
    layers.IntraModalityLearner: ["channels", "expansion"],
    layers.AuxiliaryGenerator: ["channels", "ratios", "tr_groups"],
    evaluation.llcm.evaluate_llcm: ["query", "gallery", "distance", "ranks", "refine"],
    evaluation.query_adaptive_distance: ["query", "gallery", "scale", "shift", "metric"],
    evaluation.rank_metrics: [
        "distance",
        "query_ids",
        "gallery_ids",
        "query_cams",
        "gallery_cams",
        "rule",
        "unique_ids",
        "ranks",
    ],
}

TERMS = (
    *("CrossEntropyLoss", "TripletLoss", "CircleLoss", "Cosface", "WeightedRegularizedTriplet", "HeteroCenterTriplet"),
    *("HeteroCenter", "CenterLoss", "ModalityAwareCenter", "ModalityAwareIdentity", "ModalityConsistency"),
    *("ModulationDiscriminative", "IdentityConsistency", "IdentityAlignment", "ModalityAlignment"),
    *("MultiModalMargin", "HeterogeneousScoreCoherence", "AuxiliaryIdentity"),
)


@pytest.mark.parametrize("function", SIGNATURES, ids=lambda function: function.__name__)
def test_arguments(function):
    names = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    assert names == SIGNATURES[function]


def test_defaults():
    assert inspect.signature(losses.modality_aware_center).parameters["distance"].default == "cosine"
    options = inspect.signature(evaluation.rank_metrics).parameters
    assert [options[name].default for name in ("rule", "unique_ids", "ranks")] == ["sysu", False, (1, 5, 10, 20)]


def test_registered_names():
    from fastreid.data.datasets import DATASET_REGISTRY
    from fastreid.modeling.heads import REID_HEADS_REGISTRY
    from fastreid.modeling.meta_arch import META_ARCH_REGISTRY

    import fastreid_mm.data
    import fastreid_mm.methods  # noqa: F401
    from fastreid_mm.modeling import LOSS_REGISTRY

    for name in ("SYSUMM01", "RegDB", "RGBNT201", "RGBNT100", "RGBN300", "Market1501MM", "LLCM", "MSVR310"):
        assert DATASET_REGISTRY.get(name).__name__ == name
    for name in ("TwoStream", "CMTR", "CMT", "MUN", "IEEE", "MutualFormerReID", "HAMNet"):
        assert META_ARCH_REGISTRY.get(name).__name__ == name
    for name in ("EmbeddingHead", "ClasHead", "CMTRHead", "HCTHead", "CMTHead", "MUNHead", "IEEEHead", "HAMNetHead"):
        assert REID_HEADS_REGISTRY.get(name).__name__ == name
    assert REID_HEADS_REGISTRY.get("MutualFormerHead").__name__ == "MutualFormerHead"
    for name in TERMS:
        assert LOSS_REGISTRY.get(name).__name__ == name


def test_registered_names_of_mmsegmentation():
    import mmseg_mm  # noqa: F401  first: it makes the host importable
    from mmseg.registry import DATASETS, METRICS, MODELS, TRANSFORMS  # isort: skip

    for registry, names in (
        (DATASETS, ["RGBDSODDataset"]),
        (METRICS, ["SODMetric"]),
        (TRANSFORMS, ["LoadDepthFromFile"]),
        (MODELS, ["RGBDDataPreProcessor", "MutualFormerSegmentor", "MutualFormerHead"]),
    ):
        for name in names:
            assert registry.get(name).__name__ == name


def test_functions_that_scripts_of_others_call():
    for module, name in (
        ("fastreid_mm.commands.app", "page_of"),
        ("fastreid_mm.saliency.image_files", "read_mask"),
        ("fastreid_mm.evaluation.llcm", "evaluate_llcm"),
        ("fastreid_mm.evaluation.sysu_mm01", "evaluate_sysu"),
    ):
        assert callable(getattr(importlib.import_module(module), name))
