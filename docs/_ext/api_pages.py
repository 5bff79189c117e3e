"""The pages of the reference: a module's docstring, and tables of its public names in groups.

Every name of `__all__` has a row. Those that `GROUPS` does not place stand by their kind, so that a
new metric or task needs no entry here. Constants are told by the ``#:`` comments above them.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path

from names import offered_names, public_modules
from sphinx.pycode import ModuleAnalyzer

GROUPS = {
    "sk_biornn.biology": {
        "Signs and masks": "Constraint Dale FixedMask NonNegative",
        "Penalties": (
            "CommunicabilityCost CommunicabilityEMD RateCost Regularizer SilentUnitCost WeightCost "
            "WiringCost communicability mean_over_trials mean_rates"
        ),
        "Pruning": (
            "MagnitudePruning Pruner RandomPruning TopProbPruning keep_probabilities "
            "systematic_sample"
        ),
        "Populations and their connections": (
            "BALWANI2025_BETWEEN_AREAS BetweenAreas BlockProbabilities block_labels "
            "block_probabilities check_populations cortical_populations draw_synapses "
            "excitatory_inhibitory_populations unit_index unit_labels unit_positions unit_ranges "
            "unit_signs unit_tau"
        ),
    },
    "sk_biornn.metrics": {
        "Graphs": (
            "assortativity clustering_coefficient communities global_efficiency modularity "
            "reciprocity small_worldness"
        ),
        "Weights": (
            "communicability dale_violations density ei_balance weight_entropy wiring_cost"
        ),
        "Spectra": "singular_value_gap spectral_radius svd_entropy",
        "Scorers of networks": (
            "WeightScorer assortativity_scorer bio_scoring entropy_scorer modularity_scorer "
            "select_refit small_worldness_scorer"
        ),
        "Scorers of steps": (
            "StepScorer step_accuracy step_balanced_accuracy step_f1 step_log_loss "
            "step_neg_mean_squared_error step_r2"
        ),
    },
    "sk_biornn.datasets": {
        "Tasks": (
            "fetch_sequential_mnist load_sequential_digits make_delayed_match_to_sample "
            "make_flip_flop make_go_nogo make_one_choice_inference "
            "make_perceptual_decision_making make_wave_reconstruction from_neurogym"
        ),
        "Recordings": (
            "Traces Trials cut_trials load_nwb_populations load_nwb_traces load_suite2p smooth "
            "split_trials one_step_ahead fetch_celegans"
        ),
        "Connectomes": "make_brain_wiring read_connectome rewire_connectome sample_connectome",
        "Populations": (
            "average_samples load_connection_probabilities load_population_arrays "
            "make_population_rows make_population_traces population_samples "
            "read_connection_probabilities"
        ),
        "A cortical field": "fetch_microns load_microns make_functional_connectome microns_fields",
    },
    "sk_biornn.studies": {
        "All studies": (
            "Plan Report Study aside collected report_study run_study seed_of write_report"
        ),
        "What a study says": "About Answer Caption Note Paper PrintedTable",
        "Dale's law": (
            "Budget DALE_ARMS DALE_PRESETS DALE_STUDY DALE_TASKS DaleArm DalePreset DaleTask "
            "run_dale_study summarise_dale train_dale_network"
        ),
        "Pruning": "PRUNING_PRESETS PRUNING_STUDY PruningPreset run_pruning_study",
        "Inductive biases": (
            "INDUCTIVE_BIAS_PRESETS INDUCTIVE_BIAS_STUDY INDUCTIVE_BIAS_VARIANTS "
            "InductiveBiasSettings InductiveBiasVariant run_inductive_bias_study"
        ),
        "Cell types": "CELL_TYPE_PRESETS CELL_TYPE_STUDY CellTypePreset run_cell_type_study",
        "Older names of the same things": (
            "ARMS Arm PRESETS Preset TASKS Task VARIANTS Variant run_one summarise"
        ),
    },
    "sk_biornn.inspection": {
        "Interactions": "block_density compare population_interactions",
        "Parts of a network": "current_decomposition silence silencing_effect",
        "Predictions": "co_smoothing_score forecast_skill prediction_skill",
        "What can be recovered": (
            "KnownCircuit identifiability make_known_circuit recovery_benchmark"
        ),
        "Backbones": (
            "maximum_spanning_tree random_tree_overlap spanning_tree_overlap top_prob_tree_overlap"
        ),
    },
}  # fmt: skip
KINDS = ("Classes", "Functions", "Warnings and errors", "Constants")


def kind_of(thing: object) -> str:
    if inspect.isclass(thing):
        return "Warnings and errors" if issubclass(thing, BaseException) else "Classes"
    return "Functions" if inspect.isroutine(thing) else "Constants"


def groups_of(module_name: str) -> dict[str, list[str]]:
    """Return {heading: names} of one module, all of its public names, each once."""
    left = offered_names(module_name)
    groups = {}
    for heading, names in GROUPS.get(module_name, {}).items():
        groups[heading] = [name for name in left if name in names.split()]
        left = [name for name in left if name not in names.split()]
    module = importlib.import_module(module_name)
    for kind in KINDS:
        groups[kind] = [name for name in left if kind_of(getattr(module, name)) == kind]
    return {heading: names for heading, names in groups.items() if names}


def api_page(module_name: str) -> str:
    """One page of the reference: the module's docstring and tables of its public names."""
    sections = [section(module_name, *group) for group in groups_of(module_name).items()]
    return (
        f"{module_name}\n{'=' * len(module_name)}\n\n"
        f".. automodule:: {module_name}\n   :no-members:\n\n"
        f".. currentmodule:: {module_name}\n\n" + "\n".join(sections)
    )


def section(module_name: str, heading: str, names: list[str]) -> str:
    module = importlib.import_module(module_name)
    constants = [name for name in names if kind_of(getattr(module, name)) == "Constants"]
    rows = "".join(f"   {name}\n" for name in names if name not in constants)
    table = f".. autosummary::\n   :toctree: ../objects\n   :nosignatures:\n\n{rows}\n"
    told = (constant(module_name, name, getattr(module, name)) for name in constants)
    return f"{heading}\n{'-' * len(heading)}\n\n" + (table if rows else "") + "".join(told)


def constant(module_name: str, name: str, value: object) -> str:
    """Return the entry of a constant, whose text is the ``#:`` comment where it is made."""
    text = "".join(f"   {line}\n" for line in comment_of(value) or [])
    if not text.strip():
        raise ValueError(f"{module_name}.{name} needs a comment '#: ...' above its definition")
    return f".. py:data:: {name}\n\n{text}\n"


def comment_of(value: object) -> list[str] | None:
    """Return the lines of the comment of a module's variable, wherever in the package it is."""
    for module_name, module in sorted(sys.modules.items()):
        if not module_name.startswith("sk_biornn."):
            continue
        for (owner, variable), lines in (
            ModuleAnalyzer.for_module(module_name).find_attr_docs().items()
        ):
            if not owner and getattr(module, variable, None) is value:
                return lines
    return None


def write_api_pages(folder: Path) -> None:
    """Write <module>.rst for every public module; unchanged pages keep their date."""
    folder.mkdir(parents=True, exist_ok=True)
    modules = [name for name in public_modules() if offered_names(name)]
    pages = {folder / f"{name}.rst": api_page(name) for name in modules}
    for path in set(folder.glob("*.rst")) - set(pages):
        path.unlink()
    with_pages = {row.strip() for text in pages.values() for row in text.splitlines()}
    for path in (folder.parent / "objects").glob("*.rst"):
        if path.stem.rpartition(".")[2] not in with_pages:
            path.unlink()
    for path, text in pages.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
