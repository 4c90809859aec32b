"""Position embeddings of pretrained weights, at the size of a network's own grid."""

from timm.layers import resample_abs_pos_embed
from timm.models.hiera import Hiera
from torch import Tensor

from fastreid_mm.common.errors import InputError
from fastreid_mm.modeling.backbones.plain_vit import PlainViT
from fastreid_mm.modeling.backbones.pretrained import KEY


def fit_positions(network: PlainViT | Hiera, state: dict[str, Tensor], source: str) -> dict[str, Tensor]:
    """Resize position embeddings among weights to the grid of a network, by bilinear interpolation as in TransReID.

    Args:
        network: has N patches, and embeddings of P other tokens.
        state: its weights by name, with (1, P + S * S, D) position embeddings if it has any.
        source: of the weights, for the error message.

    Returns:
        The same weights, with (1, P + N, D) position embeddings.

    Raises:
        InputError: the weights' grid is neither square nor the network's.
    """
    given = state.get("pos_embed")
    if given is None or given.ndim == 4:  # those of a window, which Hiera repeats
        return state
    if isinstance(network, Hiera):
        (rows, columns), prefix = network.tokens_spatial_shape, 0
    else:
        rows, columns = network.patch_embed.grid_size
        prefix = 0 if network.no_embed_class else network.num_prefix_tokens
    count = given.shape[1] - prefix
    if count == rows * columns:
        return state
    if round(count**0.5) ** 2 != count:
        raise InputError(
            f"{KEY}: {count} position embeddings of {source} are neither a square nor the network's {rows} x {columns}"
        )
    resized = resample_abs_pos_embed(
        given, [rows, columns], num_prefix_tokens=prefix, interpolation="bilinear", antialias=False
    )
    return {**state, "pos_embed": resized}
