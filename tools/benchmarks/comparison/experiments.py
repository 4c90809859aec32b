"""All experiments by name."""

from comparison.aligned import RGBN300, RGBNT201
from comparison.experiment import Claim
from comparison.visible_infrared import CMT, CMT_VAL, CMTR, MUN, MUN_VAL

EXPERIMENTS = {
    "cmt": CMT,
    "cmt_val": CMT_VAL,
    "mun": MUN,
    "mun_val": MUN_VAL,
    "cmtr": CMTR,
    "rgbnt201": RGBNT201,
    "rgbn300": RGBN300,
}

CLAIMS = (
    Claim("CMT: instance-level alignment, its hardest triplets (table 3)", "cmt", "HCT", "+ IAM"),
    Claim("CMT: instance-level alignment, all triplets (table 3)", "cmt", "HCT", "+ IAM, all triplets"),
)
"""Of the papers, in the order of the page of results; those whose rows are measured."""
