"""Compensated features in closed form: a linear map between the modalities is found."""

import torch
from linear_compensation import translated


def test_features_that_a_linear_map_translates_are_predicted():
    generator = torch.Generator().manual_seed(1)
    visible = torch.randn(40, 5, generator=generator)  # an image of each identity, in each modality
    mapping, offset = torch.randn(5, 5, generator=generator), torch.randn(5, generator=generator)
    infrared = visible @ mapping + offset
    train, targets = torch.cat([visible[:30], infrared[:30]]), torch.arange(30).repeat(2)
    modalities = torch.arange(2).repeat_interleave(30)
    test, of = torch.cat([visible[30:], infrared[30:]]), torch.arange(2).repeat_interleave(10)
    made = translated(train, targets, modalities, 1e-6, test, of)
    torch.testing.assert_close(made, torch.cat([infrared[30:], visible[30:]]), atol=1e-3, rtol=1e-3)
