"""MutualFormer for RGB-T salient object detection: thermal images in the place of depth, else as for RGB-D.

Data go to data/SOD or to the folder that the variable SOD_DATASETS names, each set as its archive has it: VT5000/Train
and VT5000/Test (in the archive's folder VT5000_clear), VT1000 and VT821, each with the folders RGB, T and GT. Thermal
images are in false colours, of which the second backbone sees red, green and blue.

The paper has no RGB-T experiment. Recipe, augmentation and epochs are those of its RGB-D one; training is on VT5000's
2500 training images and testing on its other 2500, VT1000 and VT821, as in the field's tables.
"""

_base_ = "mutualformer_r50_352x352.py"
size = (352, 352)

model = dict(data_preprocessor=dict(type="RGBTDataPreProcessor"), modalities=("image", "thermal"))

load = [dict(type="LoadImageFromFile"), dict(type="LoadThermalFromFile")]
resize = dict(type="Resize", scale=size, keep_ratio=False)
pack = dict(type="PackSegInputs", meta_keys={{_base_.meta_keys}})
train_pipeline = [
    *load,
    dict(type="LoadSODMask"),
    dict(type="StackThermal"),
    dict(type="RandomFlip", prob=0.5),
    dict(type="RandomBorderCrop", max_share=1 / 8),
    resize,
    pack,
]
test_pipeline = [*load, dict(type="StackThermal"), resize, dict(type="LoadSODMask"), pack]
tta_pipeline = [*load, dict(type="StackThermal"), resize, {{_base_.flips}}]

train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            _delete_=True,
            type="RGBTSODDataset",
            data_root="{{$SOD_DATASETS:data/SOD}}",
            pipeline=train_pipeline,
            sets=[dict(name="VT5000", data_root="VT5000/Train", num_samples=2500)],
        ),
    ),
)
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="RGBTSODDataset",
        data_root="{{$SOD_DATASETS:data/SOD}}",
        pipeline=test_pipeline,
        test_mode=True,
        sets=[
            dict(name="VT5000", data_root="VT5000/Test", num_samples=2500),
            dict(name="VT1000", num_samples=1000),
            dict(name="VT821", num_samples=821),
        ],
    ),
)
val_dataloader = test_dataloader
