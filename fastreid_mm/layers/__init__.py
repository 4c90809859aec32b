"""The methods' blocks in plain PyTorch, one idea a file, for any model."""

from fastreid_mm.layers.auxiliary_generator import AuxiliaryGenerator
from fastreid_mm.layers.bn_neck import bn_neck, identity_classifier
from fastreid_mm.layers.bounded_scale import BoundedScale
from fastreid_mm.layers.class_activation_fusion import ClassActivationFusion
from fastreid_mm.layers.cross_attention import cross_attention
from fastreid_mm.layers.cross_diffusion import cross_diffusion
from fastreid_mm.layers.cross_modal_interaction import CrossModalInteraction
from fastreid_mm.layers.cross_modality_learner import CrossModalityLearner
from fastreid_mm.layers.gem import GeM
from fastreid_mm.layers.image_auxiliary import MixedModality, SyncreticModality, XModality
from fastreid_mm.layers.intra_modality_learner import IntraModalityLearner
from fastreid_mm.layers.modality_compensation import ModalityCompensation
from fastreid_mm.layers.modality_embedding import ModalityEmbedding
from fastreid_mm.layers.modality_prototypes import ModalityPrototypes
from fastreid_mm.layers.modality_removal import ModalityRemoval
from fastreid_mm.layers.modulated_distance import modulated_cosine, modulated_euclidean
from fastreid_mm.layers.modulation import ModulationGenerator
from fastreid_mm.layers.mutual_former_layer import MutualFormerLayer, MutualInteraction
from fastreid_mm.layers.overlap_patch_embed import OverlapPatchEmbed
from fastreid_mm.layers.relation_embedding import RelationEmbedding
from fastreid_mm.layers.token_fusion import TokenFusion

__all__ = [
    "AuxiliaryGenerator",
    "BoundedScale",
    "ClassActivationFusion",
    "CrossModalInteraction",
    "CrossModalityLearner",
    "GeM",
    "IntraModalityLearner",
    "MixedModality",
    "ModalityCompensation",
    "ModalityEmbedding",
    "ModalityPrototypes",
    "ModalityRemoval",
    "ModulationGenerator",
    "MutualFormerLayer",
    "MutualInteraction",
    "OverlapPatchEmbed",
    "RelationEmbedding",
    "SyncreticModality",
    "TokenFusion",
    "XModality",
    "bn_neck",
    "cross_attention",
    "cross_diffusion",
    "identity_classifier",
    "modulated_cosine",
    "modulated_euclidean",
]
