"""What the report of the study of pruning says whatever came out."""

from __future__ import annotations

from sk_biornn.studies._about import BALWANI, About, Caption

ABOUT = About(
    title="The study of pruning",
    question="Which synapses can go, at once and with training afterwards?",
    methods=(
        "Dense networks are trained under Dale's law, pruned to a range of densities by several "
        "methods (top-prob, magnitude, random), and some are fine-tuned under the mask of what is "
        "left. At density 1 nothing is pruned: the dense network is trained for the same number of "
        "epochs, which is the control of the pruned ones.",
        "All methods prune the same networks, so that their differences are paired. The density "
        "asked for is not always the one that is reached, the share of all entries that are kept "
        "and not 0; tables go by the first, the axis of the figure by the second.",
    ),
    papers=(BALWANI,),
    figures={
        "figure": Caption(
            title="Test scores by density",
            text="Every network is a dot; lines are means over networks, and vertical bars their "
            "95 % intervals from five networks on. Above, just pruned; below, after fine-tuning. "
            "The dotted line is the dense network, below fine-tuned for the same number of epochs. "
            "Crosses, where there are any, mark published values.",
            alt="Panels by task: test score against the share of entries kept, one colour per "
            "pruning method, in the upper row just pruned and in the lower row fine-tuned.",
        )
    },
    tables={
        "summary": "a row per task, method, density and time: mean, median, number of errors above "
        "the threshold, 95 % interval",
        "comparisons": "a row per task, time, density and contrast: paired difference, 95 % "
        "interval, p and p after Holm",
        "results": "a row per network, method and density",
    },
)
