"""Colours that colour-blind readers can tell apart, and what all pictures share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sk_biornn._plain import found, short

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

# Okabe and Ito (2008), "Color universal design".
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#8C8C8C"
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY, BLACK)

EXCITATORY, INHIBITORY = VERMILLION, BLUE

# One map per quantity, in every picture. On white paper the strong is dark, and 0 of a difference
# is grey: white is where nothing is.
STRENGTHS = "viridis_r"
_DIFFERENCE = ("#40004B", "#8E5AA3", "#D0D0D0", "#3E9A57", "#00441B")

# As wide as a page of two columns, so that what is 8 points here is 8 points in print.
PAGE = 7.2  # inches
PRINT: dict[RcKeyType, Any] = {
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 9,
    "axes.linewidth": 0.7,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.fontsize": 8,
    "legend.title_fontsize": 8,
    "figure.titlesize": 9,
}


def weight_colours() -> Any:
    """Return the colours of weights: inhibition blue, 0 white, excitation orange-red."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("EI", [INHIBITORY, "white", EXCITATORY])


def difference_colours() -> Any:
    """Return the colours of differences: less is purple, as much is grey, more is green."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("difference", _DIFFERENCE)


def hatch_absent(ax: Any) -> None:
    """Hatch what lies behind a picture, which is seen where nothing is."""
    ax.patch.set(facecolor="white", edgecolor="0.82", hatch="/////", linewidth=0)


def new_axes(ax: Any = None) -> Any:
    """Return `ax`, or the axes of a new pyplot figure; refuse what is no Axes."""
    if ax is not None:
        from matplotlib.axes import Axes

        if not isinstance(ax, Axes):
            raise TypeError(f"ax must be None or a matplotlib Axes, got {found(ax)}.")
        return ax
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(layout="constrained")
    return ax


def room_for(ax: Any, size: tuple[float, float]) -> Any:
    """Return where several panels go: a new figure, an empty one, or the place of an Axes.

    A figure gets the size, in inches; in the place of an Axes, which is taken away, panels have to
    do with what there is.
    """
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

    if isinstance(ax, Axes):
        place, figure = ax.get_subplotspec(), ax.figure
        if place is None:
            raise ValueError("ax must stand in a grid, as those of subplots do, to be divided.")
        ax.remove()
        return figure.add_subfigure(place)
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.figure()
    if not isinstance(ax, FigureBase):
        raise TypeError(f"ax must be None, a matplotlib Axes or a Figure, got {found(ax)}.")
    if isinstance(ax, Figure):
        ax.set_size_inches(*size)
        ax.set_layout_engine("constrained", w_pad=0.05, h_pad=0.05)
    return ax


def old_name(ax: Any, figure: Any) -> Any:
    """Return what is given by its name of now, or with a warning by that of before."""
    if figure is None:
        return ax
    import warnings

    warnings.warn(
        "figure= is now ax=, which takes figures, too; it will go in version 1.0.",
        FutureWarning,
        stacklevel=3,
    )
    return figure


def fitted(estimator: Any, attribute: str, name: str = "estimator") -> Any:
    """Return what a fitted estimator has learnt, or say that it is not fitted."""
    value = None if isinstance(estimator, type) else getattr(estimator, attribute, None)
    if value is None:
        from sklearn.exceptions import NotFittedError

        raise NotFittedError(
            f"{name} must be fitted and have {short(attribute)[1:-1]}, got {found(estimator)}."
        )
    return value


def words(name: Any) -> str:
    """Return a name as it is to be read: underscores are spaces, and a dollar is a dollar."""
    return literal(name).replace("_", " ")


def literal(name: Any) -> str:
    """Return a text in which matplotlib sees no formula."""
    return str(name).replace("$", r"\$")


def bare(ax: Any) -> None:
    """Take away the frame's upper and right sides."""
    ax.spines[["top", "right"]].set_visible(False)
