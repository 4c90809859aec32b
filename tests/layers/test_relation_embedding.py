import pytest
import torch

from fastreid_mm.layers import RelationEmbedding


@pytest.fixture
def features():
    torch.manual_seed(0)
    return torch.randn(3, 6, 8), torch.randn(3, 8)


def test_the_released_softmax_over_one_number_is_one(features):
    """The released code: energy of one part and the whole, softmax over that single number, times the key."""
    parts, whole = features
    module = RelationEmbedding(8)
    torch.nn.init.constant_(module.beta, 0.3)
    key = module.key(whole)
    for part in range(6):
        attention = (parts[:, part] * key).sum(-1, keepdim=True)[:, None].softmax(-1)  # (B, 1, 1), any query
        expected = parts[:, part] + 0.3 * (attention[:, 0] * key + key)
        torch.testing.assert_close(module(parts, whole)[:, part], expected)


def test_official_starts_as_the_identity(features):
    assert torch.equal(RelationEmbedding(8)(*features), features[0])


def test_paper_equals_the_loop(features):
    parts, whole = features
    module = RelationEmbedding(8, "paper")
    for sample in range(3):
        scores = torch.stack([module.query(part) @ module.key(whole[sample]) for part in parts[sample]]).exp()
        for part in range(6):
            weight = scores[part] / scores.sum()
            expected = parts[sample, part] + whole[sample] + weight * module.value(whole[sample])
            torch.testing.assert_close(module(parts, whole)[sample, part], expected, atol=1e-5, rtol=1e-4)


def test_unknown_reading_is_named():
    with pytest.raises(ValueError, match="'code'"):
        RelationEmbedding(8, "code")
