"""Ranking metrics, features and distances, and the splits and trials of SYSU-MM01; NumPy and PyTorch only."""

from fastreid_mm.evaluation.aligned_feature import AlignedFeature
from fastreid_mm.evaluation.distances import pairwise_distance
from fastreid_mm.evaluation.query_adaptive_distance import query_adaptive_distance
from fastreid_mm.evaluation.query_adaptive_feature import QueryAdaptiveFeature
from fastreid_mm.evaluation.query_expansion import average_query_expansion
from fastreid_mm.evaluation.rank_metrics import rank_metrics
from fastreid_mm.evaluation.re_ranking import k_reciprocal_rerank
from fastreid_mm.evaluation.roc import roc_metrics
from fastreid_mm.evaluation.sysu_features import SysuFeatures, check_complete, read_features
from fastreid_mm.evaluation.sysu_mm01 import evaluate_sysu
from fastreid_mm.evaluation.sysu_splits import read_ids, read_permutation, write_permutation

__all__ = [
    "AlignedFeature",
    "QueryAdaptiveFeature",
    "SysuFeatures",
    "average_query_expansion",
    "check_complete",
    "evaluate_sysu",
    "k_reciprocal_rerank",
    "pairwise_distance",
    "query_adaptive_distance",
    "rank_metrics",
    "read_features",
    "read_ids",
    "read_permutation",
    "roc_metrics",
    "write_permutation",
]
