"""Extras of fast-reid at test time, from a config."""

from fastreid.data.datasets.bases import ImageDataset
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.items import query_and_gallery
from fastreid_mm.evaluation.extras import Expansion, Extras, Reranking


def configured_extras(cfg: CfgNode) -> Extras:
    """Read ``TEST.AQE``, ``TEST.RERANK`` and ``TEST.ROC``."""
    expansion, reranking = cfg.TEST.AQE, cfg.TEST.RERANK
    return Extras(
        Expansion(expansion.QE_K, expansion.QE_TIME, expansion.ALPHA) if expansion.ENABLED else None,
        Reranking(reranking.K1, reranking.K2, reranking.LAMBDA, reranking.EXPANSION) if reranking.ENABLED else None,
        cfg.TEST.ROC.ENABLED,
    )


def require_averageable(cfg: CfgNode, dataset: ImageDataset) -> None:
    """Refuse ``TEST.AQE`` early on samples that lack modalities, as their features have no mean.

    Raises:
        InputError: names the first such sample, or the key that removes a modality.
    """
    if not cfg.TEST.AQE.ENABLED:
        return
    if cfg.TEST.MISSING:
        raise InputError(
            f"TEST.AQE.ENABLED: features without {', '.join(cfg.TEST.MISSING)} (TEST.MISSING) have no mean"
        )
    for item in query_and_gallery(dataset):
        if None in item.sources:
            raise InputError(
                f"TEST.AQE.ENABLED: {item.img_path} lacks a modality, and has no mean with samples that have it"
            )
