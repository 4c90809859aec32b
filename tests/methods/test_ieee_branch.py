import copy

import torch

from fastreid_mm.layers import RelationEmbedding
from fastreid_mm.methods.ieee.head import PartBranch


def test_rows_of_table_3_differ_in_the_relation_alone():
    """Rows c and d: the released code pools and reduces the whole in every row, so BatchNorm sees it in every row."""
    torch.manual_seed(0)
    full = PartBranch(6, 8, 4, 2, 5, RelationEmbedding(8))  # its factor starts at zero, so it adds nothing
    plain = copy.deepcopy(full)
    plain.relation = None
    maps, whole = torch.rand(3, 6, 4, 2), 5 * torch.rand(3, 6, 4, 2)
    for _ in range(3):
        torch.testing.assert_close(plain(maps, whole), full(maps, whole))
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(value, full.state_dict()[name], msg=name)
    torch.testing.assert_close(plain.eval()(maps, whole), full.eval()(maps, whole))
    torch.testing.assert_close(plain(maps, whole), plain(maps, 2 * whole))  # it has no effect
