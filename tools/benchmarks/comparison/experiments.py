"""All experiments by name."""

from comparison.aligned import RGBN300, RGBNT201
from comparison.visible_infrared import ROADSCENE

EXPERIMENTS = {"roadscene": ROADSCENE, "rgbnt201": RGBNT201, "rgbn300": RGBN300}
