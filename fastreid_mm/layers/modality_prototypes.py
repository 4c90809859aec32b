"""MUN's modality prototypes with temporal accumulation.

Yu et al., "Modality Unifying Network for Visible-Infrared Person Re-Identification", ICCV 2023, section 3.4, eq. 13 and
14, https://arxiv.org/abs/2309.06262
"""

import torch
from torch import Tensor, nn

BETA_START = 1e-8


class ModalityPrototypes(nn.Module):
    """Prototypes that accumulate the features Z of each modality m over the iterations i.

        T^i = beta_i W_m Z^i + (1 - beta_i) T^(i-1),    T^0 = W_m Z^0

    The prototypes T are the rows of a memory, and the caller says which row belongs to which sample. In the paper, row
    b belongs to the b-th sample of the batch, whoever that shows. The first feature of a row enters as it is; after
    that, beta rises linearly with the iteration from 1e-8 to 1. The gradient flows through the present features only.

    While beta is small, so is the gradient of the maps. Adam makes steps of the full learning rate all the same, and a
    discrepancy of prototypes then measures the maps rather than the features: give the maps a hundredth of the rate.

    Memory and iteration count are buffers: they are in a checkpoint.

    Args:
        dim: channels D of a feature.
        num_slots: how many rows the memory has.
        num_modalities: how many modalities M there are; each has a linear map W, which starts at the identity.

    Examples:
        >>> prototypes = ModalityPrototypes(dim=64, num_slots=32)
        >>> prototypes(torch.rand(3, 32, 64), slots=torch.arange(32)).shape
        torch.Size([3, 32, 64])
    """

    memory: Tensor
    memory_used: Tensor
    iteration: Tensor

    def __init__(self, dim: int, num_slots: int, num_modalities: int = 3) -> None:
        super().__init__()
        maps = [nn.Linear(dim, dim, bias=False) for _ in range(num_modalities)]
        self.maps = nn.ModuleList(maps)
        for layer in maps:
            nn.init.eye_(layer.weight)
        self.total_iterations: int | None = None
        """Iterations of the whole training. While it is None, beta is 1 and nothing accumulates."""
        self.register_buffer("memory", torch.zeros(num_modalities, num_slots, dim))
        self.register_buffer("memory_used", torch.zeros(num_slots))  # 0 or 1
        self.register_buffer("iteration", torch.zeros((), dtype=torch.long))

    @property
    def beta(self) -> Tensor:
        """Weight of the present features in this iteration, a 0-d tensor on the device: nothing waits for a GPU."""
        if self.total_iterations is None:
            return torch.ones_like(self.memory_used[0])
        return BETA_START + (1 - BETA_START) * (self.iteration / max(1, self.total_iterations - 1)).clamp(max=1)

    def forward(self, features: Tensor, slots: Tensor) -> Tensor:
        """Update the memory, and count an iteration.

        Args:
            features: (M, B, D), Z.
            slots: (B,) distinct rows of the memory.

        Returns:
            (M, B, D), T.

        Raises:
            ValueError: the batch has more samples than the memory has rows.
        """
        if len(slots) > self.memory.shape[1]:
            raise ValueError(f"{len(slots)} samples of a modality in a batch, but {self.memory.shape[1]} prototypes")
        mapped = torch.stack([layer(z) for layer, z in zip(self.maps, features, strict=True)]).float()
        # A product of matrices, since a compiled backward pass computes those no second time, and both buffers have
        # changed by then; in float64, which neither TF32 nor autocast rounds.
        remembered = self.memory_used[slots, None].double() @ (1 - self.beta).double()[None, None]
        beta = 1 - remembered.float()  # (B, 1)
        prototypes = beta * mapped + (1 - beta) * self.memory[:, slots]
        self.memory[:, slots] = prototypes.detach()
        self.memory_used[slots] = 1
        self.iteration += 1
        return prototypes
