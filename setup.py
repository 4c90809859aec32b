"""Packaging of fastreid-mm: two plug-ins, one for each host framework."""

from pathlib import Path
from runpy import run_path

from setuptools import find_packages, setup

COMMON = Path(__file__).parent / "fastreid_mm" / "common"
REQUIREMENTS = run_path(str(COMMON / "requirements.py"))

# What TEST.CORRUPTION needs besides; a wheel of OpenCV of another name does as well.
CORRUPTION = ["opencv-python>=4.7,<5", "pillow"]

COMMANDS = {
    "fastreid-mm-train": "train:main",
    "fastreid-mm-test": "train:test",
    "fastreid-mm-check-data": "check_data:main",
    "fastreid-mm-make-table": "make_table:main",
    "fastreid-mm-train-regdb-trials": "train_regdb_trials:main",
    "fastreid-mm-evaluate-features": "evaluate_features:main",
    "fastreid-mm-extract-features": "extract_features:main",
    "fastreid-mm-index-gallery": "index_gallery:main",
    "fastreid-mm-search-gallery": "search_gallery:main",
    "fastreid-mm-edit-index": "edit_index:main",
    "fastreid-mm-app": "app:main",
    "fastreid-mm-export": "export:main",
    "fastreid-mm-package-model": "package_model:main",
    "fastreid-mm-visualize": "visualize:main",
    "fastreid-mm-reproduce": "reproduce:main",
    "fastreid-mm-compare-runs": "compare_runs:main",
    "mmseg-mm-train": "saliency:train",
    "mmseg-mm-test": "saliency:test",
    "mmseg-mm-predict": "saliency:predict",
    "mmseg-mm-export": "saliency:export",
    "mmseg-mm-browse": "saliency:browse",
    "mmseg-mm-score": "saliency:score",
}

setup(
    name="fastreid-mm",
    version=run_path(str(COMMON / "version.py"))["VERSION"],
    description="Multi-modal person and vehicle Re-ID and RGB-D saliency on top of fast-reid and mmsegmentation",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license_expression="Apache-2.0",
    keywords=[
        "re-identification",
        "person retrieval",
        "visible-infrared",
        "multi-modal",
        "salient object detection",
        "RGB-D",
        "fast-reid",
        "mmsegmentation",
    ],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Typing :: Typed",
    ],
    # The configs lie at the top of a checkout and inside the packages of a wheel: fastreid_mm/common/shipped_configs.py
    packages=[*find_packages(include=["fastreid_mm*", "mmseg_mm*"]), "fastreid_mm.configs", "mmseg_mm.configs"],
    package_dir={"fastreid_mm.configs": "configs", "mmseg_mm.configs": "configs"},
    package_data={
        "fastreid_mm": ["py.typed", "papers/tables/*.yml", "models/*/*"],
        "fastreid_mm.configs": ["*.yml", "*/*.yml"],
        "mmseg_mm": ["py.typed"],
        "mmseg_mm.configs": ["*/*.py"],
    },
    entry_points={"console_scripts": [f"{name} = fastreid_mm.commands.{place}" for name, place in COMMANDS.items()]},
    python_requires=">=3.10",
    # No bounds: installed into a working host environment, this must not move its PyTorch.
    install_requires=["torch", "numpy"],
    extras_require={
        # fast-reid, PySODMetrics and grad-cam themselves go in with --no-deps (Makefile)
        **{name: [*REQUIREMENTS[name.upper()].values()] for name in ("evaluation", "fastreid", "mmseg", "visualize")},
        "corruption": CORRUPTION,
        "milvus": ["pymilvus>=2.5", "milvus-lite>=2.5"],
        "app": ["gradio>=5"],
        "export": ["torch>=2.7", "onnx>=1.17", "onnxruntime>=1.20", "onnxscript"],
        "tracking": ["wandb"],
        "dev": ["pytest", "pytest-xdist>=3.8", "hypothesis", "selenium>=4", "ruff", "mypy"],
        "docs": ["mkdocs>=1.6,<2", "mkdocs-material>=9.5,<10", "mkdocstrings[python]>=0.30"],  # make docs
    },
)
