import pytest
import torch

from fastreid_mm.common.finite_loss import NotFiniteError, require_finite


@pytest.mark.parametrize(
    "values, words",
    [
        ({"a": 1.0, "b": float("nan")}, "b is nan at iteration 7"),
        ({"a": float("inf"), "b": -float("inf")}, "a is inf, b is -inf at iteration 7"),
        ({"a": 3e38, "b": 3e38}, "the sum of losses is not finite at iteration 7"),
    ],
)
def test_the_batch_of_a_loss_that_is_not_finite_is_kept_as_plain_data(tmp_path, values, words):
    losses = {name: torch.tensor(value, requires_grad=True) for name, value in values.items()}
    path = tmp_path / "not_finite_0000007_2.pth"
    with pytest.raises(NotFiniteError, match=rf"^{words}: its batch is in {path}$"):
        require_finite(sum(losses.values()), losses, lambda: {"x": torch.ones(2)}, str(tmp_path), 7, 2)
    kept = torch.load(path, weights_only=True)
    assert kept.keys() == {"x", "iteration", "losses"} and kept["losses"].keys() == values.keys()


def test_the_batch_of_a_finite_loss_is_not_asked_for(tmp_path):
    loss = torch.tensor(1.0)
    require_finite(loss, {"a": loss}, lambda: pytest.fail("asked for"), str(tmp_path), 0, 0)
    assert not any(tmp_path.iterdir())
