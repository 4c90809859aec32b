import pytest
import torch

from fastreid_mm.layers import GeM


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("p", [1.0, 3.0, 10.0])
def test_equals_the_loop(p, dtype):
    torch.manual_seed(0)
    maps = torch.rand(2, 3, 4, 5, dtype=dtype)
    pooled = GeM(p)(maps)
    assert pooled.shape == (2, 3) and pooled.dtype == dtype
    for image in range(2):
        for channel in range(3):
            values = maps[image, channel].flatten().tolist()
            expected = (sum(value**p for value in values) / 20) ** (1 / p)
            assert pooled[image, channel].item() == pytest.approx(expected, rel=1e-5)


def test_between_the_average_and_the_maximum():
    maps = torch.rand(2, 3, 4, 5)
    torch.testing.assert_close(GeM(1.0)(maps), maps.mean((2, 3)))
    assert torch.equal(GeM(float("inf"))(maps), maps.amax((2, 3)))
    torch.testing.assert_close(GeM(200.0, eps=0.0)(maps.double()), maps.double().amax((2, 3)), rtol=0.02, atol=0)


@pytest.mark.parametrize("p", [3.0, 10.0, float("inf")])
def test_a_stripe_is_pooled_by_itself(p):
    torch.manual_seed(0)
    maps, pool = torch.rand(2, 5, 12, 3), GeM(p)
    stripes = pool.stripes(maps, 4)
    assert stripes.shape == (2, 4, 5)
    for part in range(4):
        torch.testing.assert_close(stripes[:, part], pool(maps[:, :, 3 * part : 3 * part + 3]))
    torch.testing.assert_close(pool.stripes(maps, 1)[:, 0], pool(maps))
    with pytest.raises(ValueError, match="12 rows .* 5 stripes"):
        pool.stripes(maps, 5)


@pytest.mark.parametrize("p", [3.0, 10.0])
def test_zeros_and_negative_values_have_finite_gradients(p):
    maps = torch.tensor([[0.0, -1.0, 0.0, 2.0], [0.0, 0.0, -3.0, 0.0]]).view(1, 2, 2, 2).requires_grad_()
    GeM(p)(maps).sum().backward()
    assert maps.grad.isfinite().all() and maps.grad[0, 0, 1, 1] > 0


def test_half_precision_is_pooled_in_float32():
    maps = torch.full((1, 1, 2, 2), 8.0)
    assert GeM(10.0)(maps.half()).item() == pytest.approx(8.0, rel=1e-5)  # 8 ** 10 is no half
