import pytest
import torch

from fastreid_mm.common.batch_layout import LAYOUT, Layout, layout_of, move_batch
from fastreid_mm.common.errors import InputError


def layout(targets, modalities):
    return layout_of({"targets": torch.tensor(targets), "modalities": torch.tensor(modalities)})


def test_a_batch_of_the_sampler_needs_no_sorting():
    found = layout([3, 3, 1, 1, 3, 3, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1])
    assert found == Layout((4, 4), None, identities=2, repeated=True, complete=True, paired=True)


@pytest.mark.parametrize(
    ("targets", "modalities", "facts"),
    [
        ([1, 1, 2, 2, 1], [0, 1, 1, 0, 0], (2, True, True, False)),
        ([1, 2, 2, 1], [0, 0, 1, 1], (2, True, True, False)),
        ([1, 2, 3, 4], [0, 0, 1, 1], (4, False, False, False)),
        ([5, 5, 5, 5], [1, 0, 1, 0], (1, True, True, True)),
    ],
)
def test_identities_are_counted(targets, modalities, facts):
    assert layout(targets, modalities)[2:] == facts


def test_mixed_images_are_found_in_their_order():
    modalities = torch.tensor([1, 0, 0, 1, 0, 1])
    found = layout_of({"modalities": modalities})
    assert found.counts == (3, 3)
    for place, row in enumerate(found.rows):
        assert row.tolist() == [index for index, value in enumerate(modalities.tolist()) if value == place]
    for modality, counts in ((0, (6, 0)), (1, (0, 6))):
        assert layout_of({"modalities": torch.full((6,), modality)})[:2] == (counts, None)


def test_rows_of_a_mask_are_the_samples_that_have_a_modality():
    mask = torch.tensor([[1, 1, 0], [1, 0, 0], [0, 1, 1]]).bool()
    found = layout_of({"modality_mask": mask})
    assert [row.tolist() for row in found.rows] == [[0, 1], [0, 2], [2]] and found.counts == (2, 2, 1)
    assert layout_of({"modality_mask": mask | True})[:2] == layout_of({})[:2] == ((), None)
    with pytest.raises(InputError, match="^no modality is there of b.jpg$"):
        layout_of({"modality_mask": [[1, 0], [0, 0]], "img_paths": ["a.jpg", "b.jpg"]})


def test_a_moved_batch_keeps_the_layout_that_it_has():
    batch = move_batch({"modalities": torch.tensor([1, 0]), "img_paths": ["a", "b"]}, "cpu")
    assert batch["img_paths"] == ["a", "b"] and layout_of(batch) is batch[LAYOUT]
    assert move_batch(batch, "meta")[LAYOUT].rows[0].device.type == "meta"
