"""Patches, position and modality embeddings."""

import pytest
import torch

from fastreid_mm.layers import ModalityEmbedding, ModalityRemoval, OverlapPatchEmbed


@pytest.mark.parametrize("stride, tokens", [(16, 128), (14, 162), (12, 210), (10, 300), (8, 465)])
def test_token_counts_are_those_of_cmtr_table_4(stride, tokens):
    layer = OverlapPatchEmbed((256, 128), 16, embed_dim=4, stride=(stride, stride))
    assert layer.num_patches == tokens
    assert layer(torch.zeros(1, 3, 256, 128)).shape == (1, tokens, 4)


def test_tokens_are_the_patches_row_by_row():
    layer = OverlapPatchEmbed((12, 10), 4, embed_dim=5, stride=(2, 3))
    image = torch.randn(1, 3, 12, 10)
    tokens = layer(image)
    weight, bias = layer.proj.weight.flatten(1), layer.proj.bias
    patches = [image[0, :, y : y + 4, x : x + 4].flatten() for y in range(0, 9, 2) for x in range(0, 7, 3)]
    torch.testing.assert_close(tokens[0], torch.stack([weight @ patch + bias for patch in patches]))


def test_wrong_image_sizes_are_named():
    layer = OverlapPatchEmbed((16, 16), 8, embed_dim=4)
    with pytest.raises(ValueError, match="16 x 8 .* 16 x 16"):
        layer(torch.zeros(1, 3, 16, 8))
    with pytest.raises(ValueError, match="8 x 4"):
        OverlapPatchEmbed((8, 4), 8)


@pytest.mark.parametrize("prefix", [0, 1])
def test_modality_embedding_is_added_to_every_token_of_its_modality(prefix):
    layer = ModalityEmbedding(3, prefix_tokens=prefix)
    tokens, modalities = torch.randn(2, 5, 3), torch.tensor([1, 0])
    expected = tokens.clone()
    for image, modality in enumerate(modalities):
        for token in range(prefix, 5):
            expected[image, token] += layer.weight[modality]
    torch.testing.assert_close(layer(tokens, modalities), expected)
    assert not torch.equal(layer.weight[0], layer.weight[1])


@pytest.mark.parametrize("mapping, tensors", [("fc", 2), ("fc_bias", 4), ("identity", 0)])
def test_modality_removal_subtracts_the_mapped_embedding_of_each_image(mapping, tensors):
    layer = ModalityRemoval(3, mapping=mapping)
    features, modalities, embeddings = torch.randn(4, 3), torch.tensor([0, 1, 1, 0]), torch.randn(2, 3)
    for image, modality in enumerate(modalities):
        expected = features[image] - layer.mappings[modality](embeddings[modality])
        torch.testing.assert_close(layer(features, modalities, embeddings)[image], expected)
    assert len(list(layer.parameters())) == tensors


@pytest.mark.parametrize("mapping", ["fc", "fc_bias"])
def test_embeddings_may_be_narrower_than_features_if_something_maps_them(mapping):
    layer = ModalityRemoval(3, mapping=mapping, embedding_dim=2)
    features, embeddings = torch.randn(1, 3), torch.randn(2, 2)
    expected = features - layer.mappings[1](embeddings[1])
    torch.testing.assert_close(layer(features, torch.tensor([1]), embeddings), expected)
    with pytest.raises(ValueError, match="embeddings of 2 channels, features of 3"):
        ModalityRemoval(3, mapping="identity", embedding_dim=2)


def test_unknown_mapping_is_named():
    with pytest.raises(ValueError, match="cubic"):
        ModalityRemoval(3, mapping="cubic")
