import pytest
import torch

from fastreid_mm.layers import ClassActivationFusion


@pytest.fixture
def inputs():
    torch.manual_seed(0)
    return ClassActivationFusion(4, 5, 2), torch.randn(3, 2, 4, 3, 2), torch.randn(3, 2, 6)


def test_equals_the_loop(inputs):
    fusion, maps, features = inputs
    fused, scores = fusion(maps, features)
    for sample in range(3):
        seen = [torch.sigmoid(conv(maps[sample, m][None])[0]) for m, conv in enumerate(fusion.activations)]
        sums = [own.sum((1, 2)) for own in seen]
        joint = torch.where(seen[0] > seen[1], seen[0], seen[1]).sum((1, 2))
        weight = joint / joint.sum()
        share = [own / (sums[0] + sums[1]) for own in sums]
        alpha = [(weight * own).sum() for own in share]
        assert sum(alpha).item() == pytest.approx(1)
        torch.testing.assert_close(fused[sample], sum(a * v for a, v in zip(alpha, features[sample])))
        torch.testing.assert_close(scores[sample], weight * (share[0] * sums[0] + share[1] * sums[1]))


def test_what_is_missing_has_no_share(inputs):
    fusion, maps, features = inputs
    present = torch.tensor([[True, True], [True, False], [False, True]])
    fused, scores = fusion(maps, features, present)
    torch.testing.assert_close(fused[0], fusion(maps, features)[0][0])
    torch.testing.assert_close(fused[1], features[1, 0])
    torch.testing.assert_close(fused[2], features[2, 1])
    assert scores.isfinite().all()
