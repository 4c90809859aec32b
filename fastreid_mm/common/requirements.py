"""Packages that commands need, by the names of their modules, and the requirements that install them.

``setup.py`` makes extras of them. It runs this file before anything is installed, so that nothing may be imported here.
"""

EVALUATION = {
    "scipy": "scipy",  # SYSU-MM01's official files are MATLAB's
    "tabulate": "tabulate",
}
"""Packages for tools/evaluate_features.py, besides PyTorch."""

FASTREID = {
    "torch": "torch>=2.4",  # torch.amp.GradScaler on any device
    "torchvision": "torchvision",
    **EVALUATION,
    "yacs": "yacs",
    "termcolor": "termcolor",
    "sklearn": "scikit-learn",
    "faiss": "faiss-cpu",
    "tensorboard": "tensorboard",
    # ours
    "timm": "timm>=1.0",  # vision transformers and their weights
    "huggingface_hub": "huggingface-hub",  # tells whether timm's weights can be downloaded
    "safetensors": "safetensors",  # weights in local files
    "tqdm": "tqdm",
    "PIL": "pillow",
}
"""Packages for fast-reid, and for this project's extension of it."""

MMSEG = {
    "mmengine": "mmengine>=0.10.7,<0.11",
    "mmcv": "mmcv-lite>=2.0.1,<2.2",  # mmsegmentation 1.2.2 refuses 2.2
    "mmseg": "mmsegmentation>=1.2.2,<1.3",
    "ftfy": "ftfy",  # mmsegmentation imports both without asking for them
    "regex": "regex",
    "setuptools": "setuptools>=77.0.3,<82",  # mmengine's _base_ = "mmseg::..." needs pkg_resources
    "cv2": "opencv-python>=4.7,<5",
    "numpy": "numpy>=2,<2.3.5",
    "scipy": "scipy",  # PySODMetrics' own
    "skimage": "scikit-image>=0.19,<0.26",
    "sklearn": "scikit-learn",
    # ours
    "huggingface_hub": "huggingface-hub",  # trained networks by name
    "safetensors": "safetensors",  # and in folders
    "PIL": "pillow",
    "tqdm": "tqdm",
}
"""Packages for mmsegmentation, in versions that are known to install and run together on a current PyTorch."""

SCORES = ("cv2", "numpy", "scipy", "skimage", "sklearn", "PIL", "tqdm")
"""Modules of these that reading and scoring saliency maps needs."""

VISUALIZE = {"matplotlib": "matplotlib", "ttach": "ttach", "sklearn": "scikit-learn", "cv2": "opencv-python>=4.7,<5"}
"""Packages for drawing pictures, besides those for fast-reid."""

WITHOUT_REQUIREMENTS = {
    "fastreid": "fastreid==1.4.0",
    "py_sod_metrics": "pysodmetrics>=1.6.2,<2",
    "pytorch_grad_cam": "grad-cam>=1.5,<2",
}
"""Packages to install with pip --no-deps, which are in no extra: fast-reid requires PyTorch 1.13.1, PySODMetrics and
grad-cam require opencv-python-headless, which would overwrite mmengine's and mmcv's opencv-python."""
