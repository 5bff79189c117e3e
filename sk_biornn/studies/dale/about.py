"""What the report of the study of Dale's law says whatever came out."""

from __future__ import annotations

from sk_biornn.studies._about import BALWANI, About, Caption

ABOUT = About(
    title="The study of Dale's law",
    question="What does Dale's law cost, and does it matter how it is kept?",
    methods=(
        "Recurrent networks are trained without constraint and under Dale's law, which says that "
        "all synapses of a unit have one sign. The law is kept in several ways: by projecting the "
        "weights after every step, by training their absolute value or root, or by multiplicative "
        "steps. Each condition starts from the published initial recurrent weights ("
        "init: paper), from our initialisation (init: ours), or from both.",
        "Runs are paired: simulation i has the same trials, the same batches in the same order and "
        "the same input and read-out weights in all conditions. Scores are those of test trials "
        "after the last epoch; no epoch is chosen by its score. The baseline needs no network: the "
        "input repeated, or the commonest label.",
    ),
    papers=(BALWANI,),
    figures={
        "figure": Caption(
            title="Learning curves and final scores",
            text="Above, the test score along the training, a row for each kind of initial "
            "weights: means over runs, geometric ones for errors, with 95 % bands from five runs "
            "on. Below, the final scores: every run is a dot, filled for our initial weights and "
            "open for the published ones, beside the mean of its condition; from five runs on the "
            "vertical line is its 95 % interval. The dotted line is what needs no network.",
            alt="Panels by task: curves of the test score by epoch, one colour per condition, and "
            "below them the final score of every run as a dot by condition.",
        )
    },
    tables={
        "summary": "a row per task and condition: mean, standard deviation and 95 % interval of "
        "the test score, and the paired differences to the unconstrained network with our "
        "initialisation (vs_ours) and with the same initial weights (vs_same)",
        "results": "a row per run",
        "curves": "a row per run and evaluated epoch",
    },
    headings={"arm": "condition", "arms": "conditions"},
)
