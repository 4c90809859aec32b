"""The demo network on three real pairs, trained and tested on the same: can it draw them at all?

    python tools/train_sod.py configs/SOD/mutualformer_overfit.py [--cfg-options model.decode_head.detail=none]

Data go to data/SOD/overfit: RGB, depth and GT of a few pairs; those of SSD100 have depth that is white where it is far.
"""

_base_ = "mutualformer_demo.py"
size = (192, 192)

model = dict(decode_head=dict(input_size=size, patch_size=6, patch_strides=(4, 2, 1, 1)))  # 121, 100, 49, 1 tokens

load = [dict(type="LoadImageFromFile"), dict(type="LoadDepthFromFile", direction="far_white")]
common = [*load, dict(type="LoadSODMask"), dict(type="StackDepth"), dict(type="Resize", scale=size, keep_ratio=False)]
train_pipeline = [*common, dict(type="PackSegInputs", meta_keys={{_base_.meta_keys}})]
test_pipeline = [
    *load,
    dict(type="StackDepth"),
    dict(type="Resize", scale=size, keep_ratio=False),
    dict(type="LoadSODMask"),
    dict(type="PackSegInputs", meta_keys={{_base_.meta_keys}}),
]
tta_pipeline = [
    *load,
    dict(type="StackDepth"),
    dict(type="Resize", scale=size, keep_ratio=False),
    {{_base_.flips}},
]

pairs = dict(_delete_=True, type="RGBDSODDataset", data_root="{{$SOD_DATASETS:data/SOD/overfit}}")
train_dataloader = dict(batch_size=3, dataset=dict(pipeline=train_pipeline, **pairs))
test_dataloader = dict(dataset=dict(test_mode=True, pipeline=test_pipeline, **pairs))
val_dataloader = test_dataloader

max_epochs = 300
train_cfg = dict(max_epochs=max_epochs, val_interval=50)
param_scheduler = [dict(type="CosineAnnealingLR", T_max=max_epochs, convert_to_iter_based=True)]
default_hooks = dict(checkpoint=dict(interval=max_epochs))
work_dir = "logs/overfit-sod"
