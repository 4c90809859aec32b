"""Saliency metrics."""

from mmseg_mm.evaluation.sod_metric import SODMetric

__all__ = ["SODMetric"]
