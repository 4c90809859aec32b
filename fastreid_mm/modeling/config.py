"""Keys of backbones, and of what heads and losses of several methods share."""

from yacs.config import CfgNode

from fastreid_mm.common.keys import Key, add_keys
from fastreid_mm.modeling.heads.part_head import KEYS as PARTS
from fastreid_mm.modeling.numerics import SOLVER, TEST
from fastreid_mm.modeling.terms.centers import add_center_keys
from fastreid_mm.modeling.terms.host import add_host_keys

BACKBONE = {
    "VIT.NAME": Key(
        "vit_base_patch16_224.orig_in21k_ft_in1k",
        "A ViT of timm (build_timm_vit_backbone), as ViT, DeiT, CLIP, SigLIP, DINOv3 and EVA, or a network with stages "
        "as Swin, Hiera, PVT and ConvNeXt. The default is the checkpoint that TransReID starts from "
        "(jx_vit_base_p16_224). The stride of a ViT is fast-reid's MODEL.BACKBONE.STRIDE_SIZE.",
    ),
    "VIT.PATCH_SIZE": Key(0, "Of a network that no pretrained weights exist for; 0 keeps what the name says.", least=0),
    "VIT.EMBED_DIM": Key(0, "Likewise.", least=0),
    "VIT.DEPTH": Key(0, "Likewise.", least=0),
    "VIT.NUM_HEADS": Key(0, "Likewise.", least=0),
    "VIT.GRAD_CHECKPOINTING": Key(
        False,
        "Keep in training only what is between blocks or stages, and compute each once more for its gradients: less "
        "memory, the same losses and gradients, a fifth to a third more time.",
        when="training",
        on_resume="free",
    ),
    "RESNET.NAME": Key(
        "resnet50.tv_in1k",
        "A network of timm (build_two_stream_resnet_backbone, build_multi_stream_resnet_backbone): a ResNet as in the "
        "papers, or one of another family, as ConvNeXt, Swin or a ViT. Stride of the last stage: fast-reid's "
        "MODEL.BACKBONE.LAST_STRIDE.",
    ),
    "RESNET.SPECIFIC_STAGES": Key(
        2,
        "How many stages, from the stem on, each modality has of its own (a ResNet has stem, layer1 .. layer4): 1 in "
        "AGW, 2 in HCT, CMT and MUN.",
    ),
    "RESNET.STEM_RELU": Key(
        True, "HAMNet's code, which MutualFormer builds on, has no ReLU after the first BatchNorm."
    ),
    "ADAPTER_RANK": Key(
        0,
        "Rank of low-rank adapters of all attention (LoRA): nothing else of the backbone is trained. 0 trains all of "
        "it. MODEL.FREEZE_LAYERS freezes a backbone without adapters.",
        least=0,
    ),
    "CHANNELS_LAST": Key(
        False, "Maps lie in memory channels last. On a CPU, networks of depthwise convolutions train faster so."
    ),
}
MODEL = {
    "PARTIAL_WEIGHTS": Key(
        False,
        "Fine-tuning from a part of MODEL.WEIGHTS: tensors that are missing, unknown or of another shape are left out "
        "and counted, as long as every part of the model finds something.",
        when="training",
        if_unread="expected",
        on_resume="free",
        off_while=("MODEL.WEIGHTS", ""),
    ),
    "TRUST_WEIGHTS": Key(
        False,
        "Loads a checkpoint that is more than tensors and plain values, too. It may run any code: for files whose "
        "source you know.",
        when="running",
        if_unread="expected",
    ),
    "SYNC_BN": Key(
        True,
        "BatchNorm takes the statistics of the batch of all processes rather than those of each, so that several train "
        "as one does.",
        when="training",
    ),
}


def add_config(cfg: CfgNode) -> None:
    """Add the keys under ``MODEL`` that are of no method, and those of numerics."""
    add_keys(cfg, "SOLVER", SOLVER)
    add_keys(cfg, "TEST", TEST)
    add_keys(cfg, "MODEL", MODEL)
    add_keys(cfg, "MODEL.BACKBONE", BACKBONE)
    add_keys(cfg, "MODEL.HEADS", PARTS)
    add_host_keys(cfg)
    add_center_keys(cfg)
