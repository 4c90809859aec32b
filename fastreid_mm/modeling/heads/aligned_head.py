"""Heads of aligned samples: a feature in blocks, of which some may lack their modality."""

from typing import NamedTuple

from torch import nn

from fastreid_mm.modeling.heads.head import Head, feature_size_of


class Block(NamedTuple):
    """A block of a feature."""

    size: int
    """Channels."""
    needs: tuple[int, ...] = ()
    """The modalities it cannot do without; none if it is made of whatever there is."""


class AlignedHead(Head):
    """The base of heads of aligned samples.

    Its inputs have ``modality_maps (B, M, C, h, w)``, and ``present (B, M)`` where a modality of a sample is missing,
    whose maps are zero. ``maps (B, M * C, h, w)``, what fast-reid's heads take, are the same in one.
    """

    takes: tuple[str, ...] = ("modality_maps",)
    blocks: tuple[Block, ...] = ()
    """The blocks of a feature, in their order."""

    @property
    def feature_size(self) -> int:
        """See :class:`Head`."""
        return sum(block.size for block in self.blocks)


def blocks_of(head: nn.Module, modalities: int) -> tuple[Block, ...]:
    """Return the blocks of a head's feature; of other heads a single one, for which every modality must be there."""
    if isinstance(head, AlignedHead):
        return head.blocks
    return (Block(feature_size_of(head), tuple(range(modalities))),)
