"""The mask of missing modalities that a batch may bring: an array or a list too, and of its one shape."""

import numpy as np
import pytest
import torch
from fastreid.modeling import build_model

import fastreid_mm.methods  # noqa: F401  registers
from fastreid_mm.common.errors import InputError
from tests.modeling.test_architectures import aligned_batch


@pytest.fixture
def model(tiny_cfg):
    return build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, base="RGBNT201/ieee.yml")).eval()


@pytest.mark.parametrize("kind", [np.asarray, torch.Tensor.tolist, torch.Tensor.int, torch.Tensor.float])
def test_a_mask_may_be_of_any_kind(model, kind):
    batch, mask = aligned_batch(3), torch.ones(8, 3, dtype=torch.bool)
    mask[::2, 1] = False
    expected = model(batch | {"modality_mask": mask})
    torch.testing.assert_close(model(batch | {"modality_mask": kind(mask)}), expected)
    complete, plain = model(batch | {"modality_mask": kind(mask | True)}), model(batch)
    torch.testing.assert_close(complete[:, :-3], plain)  # behind the channels it says that all is there
    assert model.modalities_held(complete).all() and model.modalities_held(plain).all()
    torch.testing.assert_close(model.pairwise_distance(complete, plain), model.pairwise_distance(plain, plain))


@pytest.mark.parametrize("shape", [(3,), (1, 3), (8,), (8, 1), (8, 2)])
def test_a_mask_of_another_shape_is_refused(model, shape):
    for fill in (True, False):
        batch = aligned_batch(3) | {"modality_mask": torch.full(shape, fill)}
        with pytest.raises(InputError, match=r"modality_mask .*\(8, 3\)"):
            model(batch)
