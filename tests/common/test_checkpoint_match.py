import pytest
import torch

from fastreid_mm.common.checkpoint_match import match_tensors, refuse_other_model, skipped_parts
from fastreid_mm.common.errors import InputError

ONE, TWO = torch.ones(1), torch.ones(2)


def test_every_tensor_of_both_sides_is_in_one_list():
    model = {"body.a": ONE, "body.b": ONE, "head.c": ONE, "head.d": ONE}
    match = match_tensors(model, {"body.a": TWO - 1, "head.c": ONE, "head.d": ONE.long(), "neck.e": ONE})
    assert match == (["head.c"], ["body.a", "head.d"], ["body.b"], ["neck.e"])
    assert skipped_parts(model, match.fitting) == ["body"] and skipped_parts(model, model) == []


def test_a_model_is_refused_by_the_first_tensor_of_each_word():
    refuse_other_model("a.pth", {"missing": [], "unknown": []})
    with pytest.raises(InputError, match=r"^checkpoint a.pth is of another model: 2 .* missing \(x ...\); so what$"):
        refuse_other_model("a.pth", {"missing": ["x", "y"], "unknown": []}, "; so what")
