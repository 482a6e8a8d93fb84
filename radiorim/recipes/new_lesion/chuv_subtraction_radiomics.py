"""Subtraction cut by the quality of the registration, then rules of tissue, contrast and shape (CHUV)."""

from radiorim.blocks import (
    AboveMean,
    BrighterThanSurround,
    ByInformation,
    HalfWayPair,
    InWhiteMatter,
    Paper,
    Recipe,
    ShapeAtLeast,
    TissuePriors,
    TouchesNothing,
)

RECIPE = Recipe(
    name="chuv-subtraction-radiomics",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="Subtraction cut by mutual information; rules of tissue, contrast and shape. Learns nothing.",
    paper=Paper(
        title="A subtraction image-based method to detect new appearing multiple sclerosis lesions on "
        "single-contrast FLAIR MRI (La Rosa, Thiran, Bach Cuadra, MSSEG-2 proceedings 2021, "
        "hal-03358968)",
        reported="40 training cases of MSSEG-2: lesion-wise sensitivity 0.75, lesion-wise false positive "
        "rate 0.38, Dice 0.36 (four experts: 0.68-0.88, 0.09-0.11, 0.45-0.53).",
        differs="Tissue is the likeliest class of the ICBM atlas laid over the scan by an affine, and old "
        "lesions are bright white matter at baseline; the paper runs longitudinal SAMSEG. The atlas "
        "is too coarse for the rule that a lesion must not touch CSF, grey matter or an old lesion "
        "(no true one would be left): here at most half of what surrounds it may be that. The paper "
        "does not say how the threshold follows from the mutual information: here 3 SD at 0.8 nats "
        "and more, 4.5 SD at 0.3 and less. Contrast in z within 2 mm. Sphericity 0.2 is of a mesh; "
        "on voxel faces, which give a ball 0.67, 0.13 is asked. The paper tuned its numbers on the "
        "cases that it reports.",
    ),
    prepare=(HalfWayPair(n4=True, differential_bias=False), TissuePriors()),
    find=AboveMean(sds=ByInformation(sds_good=3.0, sds_poor=4.5), least_voxels=5, connectivity=26),
    tidy=(
        InWhiteMatter(share=0.1),
        TouchesNothing(tissues=("csf", "gm"), old_lesion_sds=3.0, share=0.5),
        BrighterThanSurround(image="flair", mm=2.0, least=0.9),
        ShapeAtLeast(feature="least_axis_length", least=1.2),
        ShapeAtLeast(feature="sphericity_voxel", least=0.13),
    ),
)
