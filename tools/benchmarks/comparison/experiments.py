"""All experiments by name."""

from comparison.aligned import RGBN300, RGBNT201
from comparison.experiment import Claim
from comparison.visible_infrared import CMT, CMTR, MUN

EXPERIMENTS = {"cmt": CMT, "mun": MUN, "cmtr": CMTR, "rgbnt201": RGBNT201, "rgbn300": RGBN300}

CLAIMS = (
    Claim("CMT above its base (table 3)", "cmt", "HCT", "CMT"),
    Claim("CMT's modality-level alignment (table 3)", "cmt", "HCT", "+ MAM"),
    Claim("CMT's instance-level alignment (table 3)", "cmt", "HCT", "+ IAM"),
    Claim("MUN above its base (table 1)", "mun", "MUN, base", "MUN"),
    Claim("CMTR above its base (table 3)", "cmtr", "CMTR, base", "CMTR"),
    Claim("IEEE above three streams (table 3)", "rgbnt201", "three streams", "IEEE (+ CIM + 3M + REM)"),
    Claim("IEEE's interaction CIM (table 3)", "rgbnt201", "three streams", "+ CIM"),
    Claim("MutualFormer above HAMNet (table 2)", "rgbn300", "HAMNet", "MutualFormer"),
    Claim("MutualFormer's fusion above adding (table 4)", "rgbn300", "add, fused only", "MutualFormer, fused only"),
)
"""Claims of the papers, in the order of the page of results."""
