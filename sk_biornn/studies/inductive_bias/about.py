"""What the report of the study of inductive biases says whatever came out."""

from __future__ import annotations

from sk_biornn.studies._about import ACHTERBERG, SHAKIBA, About, Caption

ABOUT = About(
    title="The study of inductive biases",
    question="Do cortical geometry, wiring and function make better networks?",
    methods=(
        "Networks differ in what they are told of a cortical circuit. Their names say it: W "
        "weights, D distance, C communicability; a star says that it is measured, an exclamation "
        "mark that it is measured and permuted. Initial recurrent weights are random or functional "
        "(made of measured activity); units stand nowhere, on a grid, or where the neurons are; "
        "and the loss penalises weights, wire, or wire times communicability.",
        "Runs are paired: simulation i has the same trials, batches, input weights and circuit in "
        "all variants. The contrasts compare pairs of variants that differ in one thing, and every "
        "variant with W, which is told nothing.",
    ),
    papers=(SHAKIBA, ACHTERBERG),
    figures={
        "figure": Caption(
            title="Accuracy and network measures of every variant",
            text="Every dot is a run, and the open mark the mean of its variant: a circle without "
            "distances, a square on a grid, a diamond at measured positions. From five runs on the "
            "vertical line is the 95 % interval of the mean. Colours are initial weights. Black "
            "bars are the mean test accuracy after the epoch that was best in validation, dotted "
            "lines what can be had without memory, and at best.",
            alt="A column of panels per task: test accuracy, modularity, small-worldness, "
            "assortativity and entropy of the weights of every run, by variant.",
        ),
        "curves": Caption(
            title="Validation accuracy over the epochs",
            text="A row per task, a column per penalty; means over runs, with 95 % bands from five "
            "runs on and single runs as thin lines below. Grey lines are the means of the other "
            "variants. Colours are initial weights, line styles the space in which units stand.",
            alt="Panels of learning curves: validation accuracy by epoch, a row per task and a "
            "column per penalty.",
        ),
        "weights": Caption(
            title="Trained recurrent weights of the first simulation",
            text="Of the first task. Columns are presynaptic and rows postsynaptic units; every "
            "matrix has its own scale, the 99th percentile of its sizes, given above it. "
            "Orange-red is excitation, blue inhibition, white is 0.",
            alt="A weight matrix per variant, in colours from blue over white to orange-red.",
        ),
    },
    tables={
        "summary": "a row per task, variant and metric: number of runs, mean, standard deviation, "
        "95 % interval",
        "comparisons": "a row per task, metric and contrast: paired difference, 95 % interval, p, "
        "p after Holm, and the simultaneous interval (Bonferroni)",
        "results": "a row per run",
        "curves": "a row per run and epoch",
    },
)
