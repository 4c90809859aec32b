"""Pictures of a trained model's behaviour on its test sets, and a report that shows them."""

from fastreid_mm.visualization.report import write_report

__all__ = ["write_report"]
