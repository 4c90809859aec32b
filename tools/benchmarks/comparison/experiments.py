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
    Claim("CMT: modality-level alignment helps (table 3)", "cmt", "HCT", "+ MAM"),
    Claim("CMT: instance-level alignment helps (table 3)", "cmt", "HCT", "+ IAM"),
    Claim("CMT beats its base (table 3)", "cmt", "HCT", "CMT"),
    Claim("MUN beats its base (table 1)", "mun", "MUN, base", "MUN"),
    Claim("CMTR: its center loss helps (table 3)", "cmtr", "CMTR, base", "+ ME + MAC"),
    Claim("CMTR beats its base (table 3)", "cmtr", "CMTR, base", "CMTR"),
    Claim("IEEE beats three streams (table 3)", "rgbnt201", "three streams", "IEEE (+ CIM + 3M + REM)"),
    Claim("MutualFormer beats HAMNet (table 2)", "rgbn300", "HAMNet", "MutualFormer"),
    Claim("MutualFormer's fusion beats adding (table 4)", "rgbn300", "add, fused only", "MutualFormer, fused only"),
)
"""Of the papers, in the order of the page of results."""
