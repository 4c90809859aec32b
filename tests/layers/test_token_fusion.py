import torch

from fastreid_mm.layers import TokenFusion


def tokens():
    torch.manual_seed(0)
    return torch.randn(2, 2, 5, 8)


def test_every_layer_may_have_a_residual_of_its_own():
    """H = g(H_a | H_b) + h(X_a | X_b) with an h for each layer, and what the layer before fused (eq. 11-12)."""
    fusion, (a, b) = TokenFusion(8, 2, depth=3, stack="renew_fused").eval(), tokens()
    both, fused = torch.cat([a, b], dim=-1), 0
    for layer in fusion.fuse.layers:
        total = layer.fuse(torch.cat(layer.interaction(a, b), dim=-1)) + layer.residual(both) + fused
        fused = total + layer.feed_forward(total)
    assert torch.allclose(fusion(a, b), fused, atol=1e-6)


def test_it_costs_one_linear_map_a_layer_more():
    counts = [
        sum(weight.numel() for weight in TokenFusion(8, 2, depth=3, stack=stack).parameters())
        for stack in ("carry_fused", "renew_fused")
    ]
    assert counts[1] - counts[0] == 2 * (16 * 8 + 8)
