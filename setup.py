"""Packaging of fastreid-mm: two plug-ins, one for each host framework."""

from pathlib import Path

from setuptools import find_packages, setup

# What tools/evaluate_features.py needs beside PyTorch.
EVALUATION = [
    "scipy",  # SYSU-MM01's official files are MATLAB's
    "tabulate",
]

# What fast-reid truly needs. Its own metadata asks for PyTorch 1.13.1, so it is installed with --no-deps (Makefile).
FASTREID = [
    "torch>=2.4",  # torch.amp.GradScaler on any device
    "torchvision",
    *EVALUATION,
    "yacs",
    "termcolor",
    "scikit-learn",
    "faiss-cpu",
    "tensorboard",
    # ours
    "timm>=1.0",  # vision transformers and their weights
    "huggingface-hub",  # whether timm's weights can be fetched
    "safetensors",  # weights by local file
    "tqdm",
    "pillow",
]

# The set that is known to install and run together on a current PyTorch. PySODMetrics itself goes in with --no-deps
# (Makefile): its metadata asks for opencv-python-headless, which would overwrite mmengine's and mmcv's opencv-python.
MMSEG = [
    "mmengine>=0.10.7,<0.11",
    "mmcv-lite>=2.0.1,<2.2",  # mmsegmentation 1.2.2 refuses 2.2
    "mmsegmentation>=1.2.2,<1.3",
    "ftfy",  # mmsegmentation imports both without asking for them
    "regex",
    "setuptools>=77.0.3,<82",  # mmengine's _base_ = "mmseg::..." needs pkg_resources
    "opencv-python>=4.7,<5",
    "numpy>=2,<2.3.5",
    "scipy",  # PySODMetrics' own
    "scikit-image",
    "scikit-learn",
    # ours
    "pillow",
    "tqdm",
]

setup(
    name="fastreid-mm",
    version="0.1.0",
    description="Multi-modal person and vehicle Re-ID and RGB-D saliency on top of fast-reid and mmsegmentation",
    long_description=Path(__file__).with_name("README.md").read_text(),
    long_description_content_type="text/markdown",
    packages=find_packages(include=["fastreid_mm*", "mmseg_mm*"]),
    python_requires=">=3.10",
    # No bounds: installed into a working host environment, this must not move its PyTorch.
    install_requires=["torch", "numpy"],
    extras_require={"evaluation": EVALUATION, "fastreid": FASTREID, "mmseg": MMSEG, "dev": ["pytest", "ruff"]},
)
