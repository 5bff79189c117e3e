"""Numbers of the original study, as decoded from its stored outputs."""

from __future__ import annotations

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
_BETWEEN_BLOCKS = (("LM_L4", "V1_L23"), ("V1_L23", "LM_L5"), ("V1_L5", "LM_L5"))
DENSITY = {
    (condition, f"{area}_{post}", f"{area}_{pre}"): rows[i][j]
    for (condition, area), rows in _WITHIN.items()
    for i, post in enumerate(_LAYERS)
    for j, pre in enumerate(_LAYERS)
} | {
    (condition, *block): value
    for condition, values in _BETWEEN.items()
    for block, value in zip(_BETWEEN_BLOCKS, values, strict=True)
}
