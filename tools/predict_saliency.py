#!/usr/bin/env python
"""Write the saliency map of an image with depth or thermal image, or of every pair in two folders, at the image's size.

    python tools/predict_saliency.py image.jpg depth.png map.png --config CONFIG --checkpoint FILE [--side-by-side]
    python tools/predict_saliency.py RGB depth maps --config CONFIG --checkpoint FILE [--side-by-side] [--batch-size 8]
        [--tta] [--amp] [--fast] [--strict] [--depth-direction far_white] [--cfg-options KEY=VALUE ...]
        [--image-suffix _rgb] [--second-suffix _depth] [--map-suffix .webp] [--binary otsu] [--cut-out] [--resize]
    python tools/predict_saliency.py RGB - maps --config CONFIG --checkpoint FILE [--missing 0]

--side-by-side also writes a picture of image, depth and map: map_side_by_side.png, or into maps/side_by_side; --binary
and --cut-out likewise. A minus says that there is no depth. Folders may hold a folder for each video. A pair that
cannot be used is skipped, and listed at the end; --strict stops there.
"""

from fastreid_mm.commands.saliency import predict as main

if __name__ == "__main__":
    main()
