"""Of each of the reference's 107 features: the values it can have, and what a flat or tiny lesion gets."""

from __future__ import annotations

__all__ = ["limits"]

Limits = dict[str, tuple[str, str]]

_MORE, _ABOVE, _UNIT = "0 or more", "above 0", "0 to 1"
_SIZE = "defined for 2 voxels or more"
_VALUE = "the value itself if flat"
_ZERO, _ONE = "0 if flat", "1 if flat"
_NO_PAIR = "NaN without two voxels that touch"

_SHAPE: Limits = {
    "Elongation": (_UNIT, "0 for a line"),
    "Flatness": (_UNIT, "0 for a plate of one voxel"),
    "LeastAxisLength": (_MORE, "0 for a plate of one voxel"),
    "MajorAxisLength": (_MORE, "0 for one voxel"),
    "Maximum2DDiameterColumn": (_MORE, _SIZE),
    "Maximum2DDiameterRow": (_MORE, _SIZE),
    "Maximum2DDiameterSlice": (_MORE, _SIZE),
    "Maximum3DDiameter": (_ABOVE, _SIZE),
    "MeshVolume": (_ABOVE, _SIZE),
    "MinorAxisLength": (_MORE, "0 for a line"),
    "Sphericity": (_UNIT, _SIZE),
    "SurfaceArea": (_ABOVE, _SIZE),
    "SurfaceVolumeRatio": (_ABOVE, _SIZE),
    "VoxelVolume": (_ABOVE, _SIZE),
}

_FIRSTORDER: Limits = {
    **dict.fromkeys(
        ("10Percentile", "90Percentile", "Maximum", "Mean", "Median", "Minimum"), ("any", _VALUE)
    ),
    **dict.fromkeys(
        ("InterquartileRange", "MeanAbsoluteDeviation", "Range", "StandardDeviation", "Variance"),
        (_MORE, _ZERO),
    ),
    "Energy": (_MORE, "0 where all values are 0"),
    "TotalEnergy": (_MORE, "0 where all values are 0"),
    "RootMeanSquared": (_MORE, "|x| if flat"),
    "RobustMeanAbsoluteDeviation": (_MORE, "0 if flat; NaN where no value lies between the two percentiles"),
    "Entropy": (_MORE, _ZERO),
    "Uniformity": (_UNIT, _ONE),
    "Kurtosis": (_MORE, _ZERO),
    "Skewness": ("any", _ZERO),
}

_GLCM: Limits = {
    name: (span, f"{flat} if flat; {_NO_PAIR}")
    for span, flat, names in (
        (_MORE, 0, "ClusterProminence ClusterTendency Contrast DifferenceAverage DifferenceEntropy"),
        (_MORE, 0, "DifferenceVariance JointEntropy SumEntropy SumSquares"),
        (_UNIT, 1, "Id Idm Idmn Idn JointEnergy MCC MaximumProbability"),
        (_UNIT, 0, "Imc2 InverseVariance"),
        ("any", 0, "ClusterShade"),
        ("1 or more", 1, "Autocorrelation JointAverage"),
        ("2 or more", 2, "SumAverage"),
        ("-1 to 1", 1, "Correlation"),
        ("-1 to 0", 0, "Imc1"),
    )
    for name in names.split()
}

_NGTDM: Limits = {
    **dict.fromkeys(("Busyness", "Complexity", "Contrast", "Strength"), (_MORE, _ZERO)),
    "Coarseness": ("0 to 1000000", "1000000 if flat"),
}

_BY_END: Limits = {
    "GrayLevelNonUniformityNormalized": (_UNIT, _ONE),
    "GrayLevelNonUniformity": (_ABOVE, "N if flat"),
    "GrayLevelVariance": (_MORE, _ZERO),
    "NonUniformityNormalized": (_UNIT, "1 where all sizes are the same"),
    "NonUniformity": (_ABOVE, "N where all sizes are the same"),
    "Entropy": (_MORE, "0 where all levels and all sizes are the same"),
    "Variance": (_MORE, "0 where all sizes are the same"),
    "Percentage": (_UNIT, "1 where no two voxels that touch have one level"),
}
"""Features of the matrices of runs, zones and dependences, by how their names end; the first that fits."""


def limits(kind: str, name: str, *, one_voxel: str = "") -> dict[str, str]:
    """`span` and `degenerate` of a feature in pyradiomics' spelling, for `radiorim.features.naming.entry`.

    "Flat" is a lesion with one grey level, or for first order one value. `one_voxel` says what a block gives
    a lesion of one voxel where that is not what follows.
    """
    known = {"shape": _SHAPE, "firstorder": _FIRSTORDER, "glcm": _GLCM, "ngtdm": _NGTDM}
    span, degenerate = known[kind][name] if kind in known else _of_matrix(name)
    return {"span": span, "degenerate": f"{one_voxel}; {degenerate}" if one_voxel else degenerate}


def _of_matrix(name: str) -> tuple[str, str]:
    for end, found in _BY_END.items():
        if name.endswith(end):
            return found
    small = name.startswith(("Short", "Small"))
    large = name.startswith(("Long", "Large"))
    low, high = "LowGray" in name, "HighGray" in name
    flat = "with level 1 for all if flat" if small or large else _ONE
    if (low or small) and not (high or large):
        return _UNIT, flat
    if (high or large) and not (low or small):
        return "1 or more", flat
    return _ABOVE, flat
