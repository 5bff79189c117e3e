"""What the report of the study of cell types says whatever came out."""

from __future__ import annotations

from sk_biornn.studies._about import BALWANI, About, Caption

ABOUT = About(
    title="The study of cell types",
    question="What do networks of 18 cortical populations learn from their activity?",
    methods=(
        "Networks of two areas, three layers and three cell types predict the next step of the "
        "activity of their populations. They are trained dense, pruned to measured connection "
        "probabilities, and fine-tuned under the mask that is left; the models are networks under "
        "Dale's law (dale), without it (unconstrained), and dense ones trained for the same number "
        "of epochs.",
        "Persistence, what a prediction is compared with, repeats the last value; skill is the "
        "share of its error that a network does without. Differences between conditions are "
        "paired: networks of one simulation start from the same weights in all conditions. Where "
        "settings say data: synthetic, the activity is made up and says nothing about mice.",
    ),
    papers=(BALWANI,),
    figures={
        "predictions": Caption(
            title="A test trial and its predictions",
            text="The activity of every population in one test trial of the first condition, and "
            "what the dense network and the pruned and fine-tuned one predict of it.",
            alt="Eighteen small panels, one per population: measured activity over time with the "
            "predictions of two networks.",
        ),
        "losses": Caption(
            title="Error of every population over the epochs",
            text="Training error in the first condition, a panel per model; means over runs. "
            "Colours are cell types, line styles areas. The vertical line stands where networks "
            "are pruned; those that stay dense start a new optimiser at that epoch.",
            alt="Panels by model: curves of the mean squared error of each population by epoch.",
        ),
        "weights": Caption(
            title="Recurrent weights of one network",
            text="Before training, dense, and pruned and fine-tuned; columns are presynaptic and "
            "rows postsynaptic units, in the order of areas and layers. Orange-red is excitation, "
            "blue inhibition, white is 0.",
            alt="Three weight matrices side by side: initial, dense, and pruned and fine-tuned.",
        ),
        "interactions": Caption(
            title="Who acts on whom",
            text="Above, the mean absolute weight between populations, in the dense networks and "
            "at the end; hatched where there is no synapse. Below, at the end, the size of a "
            "bubble is the density of synapses (left) and the spread over runs (right), its colour "
            "the mean absolute weight.",
            alt="Two heat maps and two bubble charts of mean absolute weights from each population "
            "to each other.",
        ),
        "differences": Caption(
            title="Differences between conditions, by population",
            text="Difference of the mean absolute weight between two conditions, averaged over "
            "runs: more is green, less is purple. A dot marks q < 0.05 (paired t tests, Benjamini "
            "and Hochberg).",
            alt="Heat maps of the difference between conditions, from each population to each "
            "other.",
        ),
        "network": Caption(
            title="Differences between conditions, by layer",
            text="Arrows lead from presynaptic to postsynaptic layers. Their colour is the "
            "difference of the mean absolute weight between two conditions, their width the "
            "density of synapses.",
            alt="Layers of two areas as a graph whose arrows are coloured by the difference "
            "between conditions.",
        ),
    },
    tables={
        "summary": "a row per condition, model, stage and score: mean over runs and 95 % interval",
        "learning": "a row per condition, model and epoch: the error over runs",
        "densities": "a row per condition and pair of layers: the density of synapses at the end",
        "interactions": "a row per condition, model and pair of layers or areas: the mean absolute "
        "weight at the end, and its spread over runs",
        "comparisons": "a row per model, quantity, level, pair of conditions and block: the paired "
        "difference, 95 % interval, p and q",
        "results": "a row per run and stage: means over populations",
        "scores": "a row per run, stage and population",
        "losses": "a row per run and epoch: the loss in all and of every population",
        "blocks": "a row per run, stage, level and block: mean absolute weight, mean weight, "
        "density",
    },
    headings={"arm": "model", "arms": "models"},
)
