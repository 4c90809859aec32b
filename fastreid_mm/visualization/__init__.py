"""Pictures of what a trained model does on its test sets, and a report that shows them."""

from fastreid_mm.visualization.report import write_report

__all__ = ["write_report"]
