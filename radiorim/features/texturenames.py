"""The reference's 107 features: their names, formulas and units, class by class."""

from __future__ import annotations

from collections.abc import Sequence

from radiorim.features.naming import snake_case

__all__ = ["FEATURES", "FILTERS", "band_name", "bands", "column_names"]

Meanings = dict[str, tuple[str, str]]

_SHAPE: Meanings = {
    "Elongation": (
        "sqrt(l2 / l1), l1 >= l2 >= l3 the eigenvalues of the voxel centres' covariance (by n)",
        "1",
    ),
    "Flatness": ("sqrt(l3 / l1)", "1"),
    "LeastAxisLength": ("4 sqrt(l3)", "mm"),
    "MajorAxisLength": ("4 sqrt(l1)", "mm"),
    "Maximum2DDiameterColumn": ("largest distance of mesh vertices in a plane across the second axis", "mm"),
    "Maximum2DDiameterRow": ("largest distance of mesh vertices in a plane across the first axis", "mm"),
    "Maximum2DDiameterSlice": ("largest distance of mesh vertices in a plane across the third axis", "mm"),
    "Maximum3DDiameter": ("largest distance of two mesh vertices", "mm"),
    "MeshVolume": ("volume V of the triangle mesh", "mm3"),
    "MinorAxisLength": ("4 sqrt(l2)", "mm"),
    "Sphericity": ("(36 pi V^2)^(1/3) / A, of the mesh", "1"),
    "SurfaceArea": ("area A of the triangle mesh", "mm2"),
    "SurfaceVolumeRatio": ("A / V, of the mesh", "1/mm"),
    "VoxelVolume": ("number of voxels x voxel volume", "mm3"),
}

_FIRSTORDER: Meanings = {
    "10Percentile": ("10th percentile", "image"),
    "90Percentile": ("90th percentile", "image"),
    "Energy": ("sum of x^2", "image^2"),
    "Entropy": ("-sum of p log2(p), p the share of each bin", "bit"),
    "InterquartileRange": ("75th - 25th percentile", "image"),
    "Kurtosis": ("m4 / m2^2, 3 for a normal distribution (IBSI: minus 3); 0 if flat", "1"),
    "Maximum": ("largest value", "image"),
    "MeanAbsoluteDeviation": ("mean of |x - mean|", "image"),
    "Mean": ("mean", "image"),
    "Median": ("median", "image"),
    "Minimum": ("smallest value", "image"),
    "Range": ("largest - smallest value", "image"),
    "RobustMeanAbsoluteDeviation": ("mean of |x - mean| between the 10th and 90th percentile", "image"),
    "RootMeanSquared": ("sqrt(mean of x^2)", "image"),
    "Skewness": ("m3 / m2^1.5; 0 if flat", "1"),
    "TotalEnergy": ("voxel volume x sum of x^2", "image^2 mm3"),
    "Uniformity": ("sum of p^2, p the share of each bin", "1"),
    "Variance": ("mean of (x - mean)^2", "image^2"),
}

_PAIRS = "p(i,j) the share of neighbours with levels i and j (distance 1, symmetric), mean over 13 directions"
_GLCM_FORMULAS = {
    "Autocorrelation": "sum of i j p(i,j)",
    "ClusterProminence": "sum of (i + j - 2 mu)^4 p(i,j)",
    "ClusterShade": "sum of (i + j - 2 mu)^3 p(i,j)",
    "ClusterTendency": "sum of (i + j - 2 mu)^2 p(i,j)",
    "Contrast": "sum of (i - j)^2 p(i,j)",
    "Correlation": "(sum of i j p(i,j) - mu^2) / sigma^2; 1 if flat",
    "DifferenceAverage": "DA = sum of k d(k), d(k) the share of |i - j| = k",
    "DifferenceEntropy": "-sum of d(k) log2 d(k), d(k) the share of |i - j| = k",
    "DifferenceVariance": "sum of (k - DA)^2 d(k), d(k) the share of |i - j| = k, DA its mean",
    "Id": "sum of p(i,j) / (1 + |i - j|)",
    "Idm": "sum of p(i,j) / (1 + (i - j)^2)",
    "Idmn": "sum of p(i,j) / (1 + (i - j)^2 / Ng^2), Ng the number of levels",
    "Idn": "sum of p(i,j) / (1 + |i - j| / Ng), Ng the number of levels",
    "Imc1": "(HXY - HXY1) / max(HX, HY), entropies of p(i,j) and its margins; 0 if flat",
    "Imc2": "sqrt(1 - exp(-2 (HXY2 - HXY))), entropies of p(i,j) and its margins; 0 if flat",
    "InverseVariance": "sum over i != j of p(i,j) / (i - j)^2",
    "JointAverage": "mu = sum of i p(i,j)",
    "JointEnergy": "sum of p(i,j)^2",
    "JointEntropy": "-sum of p(i,j) log2 p(i,j)",
    "MCC": "sqrt of the second largest eigenvalue of sum over k of p(i,k) p(j,k) / (p(i) p(k)); 1 if flat",
    "MaximumProbability": "max of p(i,j)",
    "SumAverage": "sum of (i + j) p(i,j)",
    "SumEntropy": "-sum of s(k) log2 s(k), s(k) the share of i + j = k",
    "SumSquares": "sum of (i - mu)^2 p(i,j)",
}

_NGTDM_FORMULAS = {
    "Busyness": "sum of p s / sum over i, j of |i p(i) - j p(j)|; 0 if flat",
    "Coarseness": "1 / sum of p s; 1e6 if that is 0",
    "Complexity": "sum over i, j of |i - j| (p(i) s(i) + p(j) s(j)) / (p(i) + p(j)) / N",
    "Contrast": "sum over i, j of p(i) p(j) (i - j)^2 / (Ng (Ng - 1)) x sum of s / N; 0 if flat",
    "Strength": "sum over i, j of (p(i) + p(j)) (i - j)^2 / sum of s; 0 if flat",
}
_TONES = "s(i) the sum of |i - mean of its neighbours| over the voxels of level i, p(i) their share"


def _counts(what: str, of: str, names: tuple[str, str, str]) -> Meanings:
    """Features of a matrix P(i,j) that counts things of level i and size j."""
    small, large, size = names
    level = f"GrayLevel{of}Emphasis"
    formulas = {
        "GrayLevelNonUniformity": "sum over i of (sum over j of P)^2 / N",
        "GrayLevelNonUniformityNormalized": "sum over i of (sum over j of P)^2 / N^2",
        "GrayLevelVariance": "variance of i over P / N",
        f"High{level}": "sum of P i^2 / N",
        f"Low{level}": "sum of P / i^2 / N",
        f"{large}Emphasis": "sum of P j^2 / N",
        f"{large}HighGrayLevelEmphasis": "sum of P i^2 j^2 / N",
        f"{large}LowGrayLevelEmphasis": "sum of P j^2 / i^2 / N",
        f"{small}Emphasis": "sum of P / j^2 / N",
        f"{small}HighGrayLevelEmphasis": "sum of P i^2 / j^2 / N",
        f"{small}LowGrayLevelEmphasis": "sum of P / (i^2 j^2) / N",
        f"{size}NonUniformity": "sum over j of (sum over i of P)^2 / N",
        f"{size}NonUniformityNormalized": "sum over j of (sum over i of P)^2 / N^2",
    }
    return {
        name: (f"{formula}; P(i,j) counts {what}, N their number", "1") for name, formula in formulas.items()
    }


def _spread(what: str, of: str) -> Meanings:
    """Entropy and variance of the size."""
    where = f"; P(i,j) counts {what}, N their number"
    return {
        f"{of}Entropy": (f"-sum of p log2 p, p = P / N{where}", "bit"),
        f"{of}Variance": (f"variance of j over P / N{where}", "1"),
    }


_RUNS = "runs of j voxels of level i along a direction (mean over 13)"
_ZONES = "26-connected zones of j voxels of level i"
_LIKE = "voxels of level i with j - 1 neighbours of that level"

FEATURES: dict[str, Meanings] = {
    "shape": _SHAPE,
    "firstorder": _FIRSTORDER,
    "glcm": {name: (f"{formula}; {_PAIRS}", "1") for name, formula in _GLCM_FORMULAS.items()},
    "glrlm": {
        **_counts(_RUNS, "Run", ("ShortRun", "LongRun", "RunLength")),
        **_spread(_RUNS, "Run"),
        "RunPercentage": (f"number of runs / number of voxels; {_RUNS}", "1"),
    },
    "glszm": {
        **_counts(_ZONES, "Zone", ("SmallArea", "LargeArea", "SizeZone")),
        **_spread(_ZONES, "Zone"),
        "ZonePercentage": (f"number of zones / number of voxels; {_ZONES}", "1"),
    },
    "gldm": {
        **_counts(_LIKE, "", ("SmallDependence", "LargeDependence", "Dependence")),
        **_spread(_LIKE, "Dependence"),
    },
    "ngtdm": {name: (f"{formula}; {_TONES}", "1") for name, formula in _NGTDM_FORMULAS.items()},
}
"""Class to feature, in pyradiomics' spelling, to formula and unit; levels are counted from 1."""

# Every voxel has one dependence, so N is the lesion's size and pyradiomics leaves this one out.
del FEATURES["gldm"]["GrayLevelNonUniformityNormalized"]


FILTERS = {
    "original": "as it is",
    "log": "Laplacian of Gaussian, one for each sigma",
    "wavelet": "undecimated wavelet, eight bands (low or high pass along each axis)",
    "square": "x^2 / m, m the largest |x| of the volume",
    "squareroot": "sqrt(m |x|) with the sign of x",
    "logarithm": "m log(|x| + 1) / log(m + 1) with the sign of x",
    "exponential": "exp(x log(m) / m)",
    "gradient": "magnitude of the gradient, central differences",
    "lbp3d": "local binary patterns on a sphere, by level of the harmonics (m1, m2), and kurtosis (k)",
}
"""What is done to an image before it is measured; m is its largest absolute value."""

_LOW_HIGH = tuple(f"wavelet-{x}{y}{z}" for x in "LH" for y in "LH" for z in "LH")


def bands(filters: Sequence[str], sigmas_mm: Sequence[float] = (1.0, 2.0, 3.0)) -> list[str]:
    """pyradiomics' names of the images that the filters make, such as `log-sigma-2-0-mm-3D`."""
    several = {
        "log": [f"log-sigma-{str(float(sigma)).replace('.', '-')}-mm-3D" for sigma in sigmas_mm],
        "wavelet": _LOW_HIGH,
        "lbp3d": ("lbp-3D-m1", "lbp-3D-m2", "lbp-3D-k"),
    }
    return [band for name in filters for band in several.get(name, (name,))]


def band_name(band: str) -> str:
    """`wavelet-LLH` as `wavelet_llh`, `log-sigma-2-0-mm-3D` as `log_sigma_2_0_mm`."""
    return band.removesuffix("-3D").replace("-", "_").lower()


def column_names(
    images: Sequence[str],
    classes: Sequence[str],
    filters: Sequence[str],
    *,
    sigmas_mm: Sequence[float] = (1.0, 2.0, 3.0),
    leave_out: Sequence[str] = (),
) -> dict[str, tuple[str, str, str]]:
    """Column to class, feature and band, in the order of the table; shape comes once.

    `leave_out` holds features as `<class>_<feature>`, such as `glcm_sum_average`.
    """
    columns: dict[str, tuple[str, str, str]] = {}
    if "shape" in classes:
        columns |= {f"mask_original_shape_{snake_case(n)}": ("shape", n, "original") for n in sorted(_SHAPE)}
    columns |= {
        f"{image}_{band_name(band)}_{kind}_{snake_case(name)}": (kind, name, band)
        for image in images
        for band in bands(filters, sigmas_mm)
        for kind in classes
        if kind != "shape"
        for name in sorted(FEATURES[kind])
    }
    return {
        column: (kind, name, band)
        for column, (kind, name, band) in columns.items()
        if f"{kind}_{snake_case(name)}" not in leave_out
    }
