"""Numbers of the original study, as printed by it or decoded from its stored figures.

All are of networks of 1440 units; the window is "full" where it is not said.
"""

from __future__ import annotations

N_UNITS = 1440

# Mean correlation and mean squared error over populations: one training trial of run 0.
_CODES = {
    "familiar_change": (0.694, 0.867, 1.18e-3, 3.09e-4),
    "familiar_no_change": (0.578, 0.747, 6.44e-4, 1.42e-4),
    "familiar_omission": (0.850, 0.950, 1.36e-3, 4.90e-4),
    "novel_change": (0.824, 0.934, 3.79e-4, 1.05e-4),
    "novel_no_change": (0.621, 0.853, 5.16e-4, 9.70e-5),
    "novel_omission": (0.776, 0.885, 5.53e-4, 1.85e-4),
}
SCORES = {
    (condition, stage, score): values[place]
    for condition, values in _CODES.items()
    for place, (score, stage) in enumerate(
        (
            ("correlation", "dense"),
            ("correlation", "sparse"),
            ("mse", "dense"),
            ("mse", "sparse"),
        )
    )
}
# Mean squared error of persistence, and in how many populations the network is better at the end:
# of the same trial, without its first step.
_PERSISTENCE = {
    "familiar_change": (6.35e-4, 13),
    "familiar_no_change": (5.91e-4, 13),
    "familiar_omission": (5.01e-4, 14),
    "novel_change": (2.61e-4, 18),
    "novel_no_change": (1.16e-4, 13),
    "novel_omission": (1.06e-4, 11),
}
for _condition, (_mse, _better) in _PERSISTENCE.items():
    SCORES[_condition, "sparse", "mse_persistence"] = _mse
    SCORES[_condition, "sparse", "beats_persistence"] = _better

# Densities between layers after training under the mask, mean of 5 runs: [post, pre].
_LAYERS = ("L4", "L23", "L5")
_WITHIN = {
    ("familiar_no_change", "V1"): (
        (0.10118056, 0.06193403, 0.03173264),
        (0.09356944, 0.11867708, 0.01729514),
        (0.02065972, 0.06382986, 0.05856597),
    ),
    ("familiar_no_change", "LM"): (
        (0.10500694, 0.06295486, 0.03250000),
        (0.09614583, 0.11675347, 0.01811458),
        (0.01947569, 0.06255208, 0.05817708),
    ),
    ("familiar_change", "V1"): (
        (0.10296875, 0.06187500, 0.03221528),
        (0.09739931, 0.11664931, 0.01773264),
        (0.01896528, 0.06264931, 0.05553125),
    ),
    ("familiar_change", "LM"): (
        (0.10406944, 0.06343056, 0.03253125),
        (0.10005556, 0.12178819, 0.01845486),
        (0.01893750, 0.06511111, 0.05715625),
    ),
}
_BETWEEN = {
    "familiar_no_change": (0.19855556, 0.20032986, 0.19679514),
    "familiar_change": (0.19125694, 0.18565625, 0.18659722),
}
BETWEEN_BLOCKS = (("LM_L4", "V1_L23"), ("V1_L23", "LM_L5"), ("V1_L5", "LM_L5"))
DENSITY = {
    (condition, f"{area}_{post}", f"{area}_{pre}"): rows[i][j]
    for (condition, area), rows in _WITHIN.items()
    for i, post in enumerate(_LAYERS)
    for j, pre in enumerate(_LAYERS)
} | {
    (condition, *block): value
    for condition, values in _BETWEEN.items()
    for block, value in zip(BETWEEN_BLOCKS, values, strict=True)
}

# Training errors of each run. Printed as sums over the 10 batches of an epoch, here divided by 10;
# "pruned" is the mean squared error of one batch, printed to two digits. By stage and epoch of it.
MARKS = (("dense", 20), ("dense", 40), ("dense", 60), ("pruned", 0), ("sparse", 20), ("sparse", 40))

Errors = dict[tuple[str, int], tuple[float, ...]]  # of the runs, by stage and epoch


def _by_mark(*runs: tuple[float, ...]) -> Errors:
    return dict(zip(MARKS, zip(*runs, strict=True), strict=True))


LOSSES: dict[tuple[str, str, str], Errors] = {
    ("novel_change", "dale", "post"): _by_mark(
        (1.951850e-3, 1.427178e-3, 1.170062e-3, 3.5e-3, 6.56896e-4, 3.25748e-4),
        (1.319716e-3, 9.78152e-4, 7.88396e-4, 2.9e-3, 4.48967e-4, 1.98156e-4),
        (1.821135e-3, 1.270951e-3, 1.110007e-3, 2.8e-3, 5.24464e-4, 2.59013e-4),
        (1.926789e-3, 1.408062e-3, 1.212823e-3, 3.3e-3, 6.20705e-4, 2.84547e-4),
        (1.620849e-3, 1.169229e-3, 9.04602e-4, 2.8e-3, 5.38900e-4, 2.16165e-4),
    ),
    ("familiar_change", "unconstrained", "full"): _by_mark(
        (1.841052e-3, 1.409605e-3, 1.156225e-3, 8.9e-3, 7.09877e-4, 4.00904e-4),
        (2.327212e-3, 1.889100e-3, 1.589283e-3, 4.2e-3, 4.21828e-4, 2.30771e-4),
        (1.126379e-3, 8.55445e-4, 7.80004e-4, 5.4e-3, 4.61885e-4, 2.23687e-4),
        (2.104269e-3, 1.774777e-3, 1.485053e-3, 5.3e-3, 3.50607e-4, 1.80953e-4),
        (1.507443e-3, 1.234489e-3, 1.106084e-3, 8.0e-3, 6.62523e-4, 3.42908e-4),
    ),
    # The demonstration, pruned after its tenth epoch: only its dense epochs can be compared.
    ("familiar_change", "dale", "full"): {
        ("dense", 2): (7.056342e-3,),
        ("dense", 4): (2.814430e-3,),
        ("dense", 6): (1.947649e-3,),
        ("dense", 8): (1.516533e-3,),
        ("dense", 10): (1.346649e-3,),
    },
}

# Mean of abs(W) in units of 0.001, and its spread over 5 runs in units of its mean: familiar
# change, under Dale's law, at the end. [post, pre] of layers, then of areas.
_MEANS_WITHIN = {
    "V1": ((3.13, 1.97, 1.39), (2.80, 3.61, 0.55), (0.76, 1.77, 2.14)),
    "LM": ((2.78, 1.62, 1.07), (2.52, 3.23, 0.58), (0.86, 1.57, 1.86)),
}
_SPREADS_WITHIN = {
    "V1": ((0.195, 0.147, 0.157), (0.136, 0.130, 0.171), (0.089, 0.147, 0.115)),
    "LM": ((0.135, 0.112, 0.132), (0.054, 0.077, 0.149), (0.114, 0.089, 0.164)),
}
_MEANS_BETWEEN = ((4.66, 0.226), (3.99, 0.237), (4.32, 0.171))
MEAN_WEIGHTS = (
    {
        ("layer", f"{area}_{post}", f"{area}_{pre}"): (
            1e-3 * _MEANS_WITHIN[area][i][j],
            _SPREADS_WITHIN[area][i][j],
        )
        for area in ("V1", "LM")
        for i, post in enumerate(_LAYERS)
        for j, pre in enumerate(_LAYERS)
    }
    | {
        ("layer", *block): (1e-3 * mean, spread)
        for block, (mean, spread) in zip(BETWEEN_BLOCKS, _MEANS_BETWEEN, strict=True)
    }
    | {
        ("area", "V1", "V1"): (2.01e-3, 0.104),
        ("area", "V1", "LM"): (0.92e-3, 0.194),
        ("area", "LM", "V1"): (0.52e-3, 0.226),
        ("area", "LM", "LM"): (1.79e-3, 0.054),
    }
)

# Differences of mean abs(W) between conditions at the end, second minus first, 5 runs each, in
# units of 0.0001: V1 L2/3 to LM L4, LM L5 to V1 L2/3, LM L5 to V1 L5.
_DIFFERENCES_BETWEEN = {
    ("dale", "full"): {
        ("familiar_no_change", "familiar_change"): (13.9, 5.6, 8.0),
        ("familiar_no_change", "familiar_omission"): (12.0, 6.0, 19.8),
        ("familiar_change", "familiar_omission"): (-2.0, 0.3, 11.8),
        ("novel_no_change", "novel_change"): (13.7, 13.7, 3.3),
        ("novel_no_change", "novel_omission"): (14.5, 8.1, 6.5),
        ("novel_change", "novel_omission"): (0.8, -5.7, 3.3),
        ("familiar_no_change", "novel_no_change"): (5.0, 1.2, 5.0),
        ("familiar_change", "novel_change"): (4.8, 9.3, 0.2),
        ("familiar_omission", "novel_omission"): (7.6, 3.3, -8.3),
    },
    ("dale", "post"): {
        ("familiar_no_change", "familiar_change"): (2.4, -3.5, 0.2),
        ("familiar_no_change", "familiar_omission"): (17.1, 8.3, 9.2),
        ("familiar_change", "familiar_omission"): (14.7, 11.7, 9.1),
        ("novel_no_change", "novel_change"): (4.6, 14.7, 10.5),
        ("novel_no_change", "novel_omission"): (2.8, 18.8, 22.9),
        ("novel_change", "novel_omission"): (-1.7, 4.0, 12.5),
        ("familiar_no_change", "novel_no_change"): (14.6, -2.0, -6.5),
        ("familiar_change", "novel_change"): (16.7, 16.2, 3.9),
        ("familiar_omission", "novel_omission"): (0.4, 8.4, 7.4),
    },
    ("unconstrained", "full"): {
        ("familiar_no_change", "familiar_change"): (14.9, 14.2, 13.2),
        ("familiar_change", "familiar_omission"): (-8.9, -4.0, 6.5),
    },
}
# Two pairs were printed with all digits, [post, pre] in this order of layers.
_PRINTED_ORDER = ("V1_L23", "V1_L4", "V1_L5", "LM_L23", "LM_L4", "LM_L5")
_PRINTED = {
    ("dale", "full", "familiar_no_change", "familiar_change"): (
        (5.65433921e-04, 5.15371189e-04, 5.64493646e-05, 0, 0, 5.56022907e-04),
        (3.74471932e-04, 5.42198541e-04, 3.03676515e-04, 0, 0, 0),
        (5.38259419e-04, -3.79385310e-05, 3.92154395e-04, 0, 0, 7.98535720e-04),
        (0, 0, 0, 2.54357187e-04, 3.31646856e-04, 1.10783835e-04),
        (1.39155351e-03, 0, 0, 5.38063236e-05, 4.05959971e-04, 7.51044718e-05),
        (0, 0, 0, 2.33928487e-04, 2.05991650e-04, 2.80287443e-04),
    ),
    ("unconstrained", "full", "familiar_change", "familiar_omission"): (
        (-2.83193681e-04, -3.63267446e-04, -2.97352264e-05, 0, 0, -4.02023736e-04),
        (-3.08675086e-04, -6.32451987e-04, -2.91360891e-04, 0, 0, 0),
        (-2.25069863e-04, -5.01126749e-05, -1.19576068e-04, 0, 0, 6.45610690e-04),
        (0, 0, 0, -1.75912865e-06, -2.66173761e-04, -4.42302087e-05),
        (-8.93232320e-04, 0, 0, -1.33187347e-04, -3.89859220e-04, -8.94285855e-05),
        (0, 0, 0, -8.89265677e-05, -5.36216074e-05, 1.19434204e-05),
    ),
}
DIFFERENCES = {
    (*kind, *pair, "layer", *block): 1e-4 * value
    for kind, pairs in _DIFFERENCES_BETWEEN.items()
    for pair, values in pairs.items()
    for block, value in zip(BETWEEN_BLOCKS, values, strict=True)
} | {
    (*key, "layer", post, pre): matrix[i][j]
    for key, matrix in _PRINTED.items()
    for i, post in enumerate(_PRINTED_ORDER)
    for j, pre in enumerate(_PRINTED_ORDER)
    if matrix[i][j]
}
_FN_TO_FC = ("dale", "full", "familiar_no_change", "familiar_change", "area")
DIFFERENCES |= {
    (*_FN_TO_FC, "V1", "V1"): 3.61e-4,
    (*_FN_TO_FC, "LM", "LM"): 2.17e-4,
    (*_FN_TO_FC, "LM", "V1"): 1.55e-4,
    (*_FN_TO_FC, "V1", "LM"): 1.5e-4,
}
