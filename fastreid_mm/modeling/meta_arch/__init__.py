"""Architectures that are of no method alone, and their base classes."""

from fastreid_mm.modeling.meta_arch.two_stream import TwoStream

__all__ = ["TwoStream"]
