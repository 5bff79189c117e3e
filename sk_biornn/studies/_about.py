"""What a report says of a study whatever came out: its question, its papers, what a figure shows.

Nothing heavy is loaded here: the command line reads questions, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Caption:
    """The words that belong to a figure of a study.

    Parameters
    ----------
    title : str
        What it shows, in a few words.
    text : str
        How it is read: what stands on the axes, what lines, dots and colours are.
    alt : str
        What is seen, for those who do not see it.

    Examples
    --------
    >>> from sk_biornn.studies import DALE_STUDY
    >>> DALE_STUDY.about.figures["figure"].title
    'Learning curves and final scores'
    """

    title: str
    text: str
    alt: str


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A publication that a study follows.

    Parameters
    ----------
    text : str
        Authors, title, journal, year.
    link : str, default=""
        Where it is found: an address that begins with ``https://``.

    Examples
    --------
    >>> from sk_biornn.studies import PRUNING_STUDY
    >>> [paper.link for paper in PRUNING_STUDY.about.papers]
    ['https://doi.org/10.1126/sciadv.adw4970']
    """

    text: str
    link: str = ""


@dataclass(frozen=True, kw_only=True)
class About:
    """What is known of a study before it is carried out; the head and the captions of its report.

    Parameters
    ----------
    title : str
        Its name in words.
    question : str
        What is asked, one sentence.
    methods : tuple of str
        How it is answered, a paragraph each.
    papers : tuple of Paper, default=()
        What it follows.
    figures : mapping of str to Caption, default={}
        By name of the figure.
    tables : mapping of str to str, default={}
        What a row of a table is, by name of the table.
    headings : mapping of str to str, default={}
        What people read instead of the name of a column or setting.

    Examples
    --------
    >>> from sk_biornn.studies import PRUNING_STUDY
    >>> PRUNING_STUDY.about.question
    'Which synapses can go, at once and with training afterwards?'
    """

    title: str
    question: str
    methods: tuple[str, ...]
    papers: tuple[Paper, ...] = ()
    figures: Mapping[str, Caption] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)


BALWANI = Paper(
    text="A. Balwani, A. Q. Wang, F. Najafi and H. Choi, Constructing biologically constrained "
    "RNNs via Dale's backpropagation and topologically informed pruning, Science Advances, 2025.",
    link="https://doi.org/10.1126/sciadv.adw4970",
)
SHAKIBA = Paper(
    text="Shakiba, Rokni, Mohammadi and Dehghani, Harnessing cortical geometry, wiring, and "
    "function as inductive biases for recurrent neural networks, 2026, arXiv:2606.14975.",
    link="https://arxiv.org/abs/2606.14975",
)
ACHTERBERG = Paper(
    text="J. Achterberg, D. Akarca, D. J. Strouse, J. Duncan and D. E. Astle, Spatially embedded "
    "recurrent neural networks reveal widespread links between structural and functional "
    "neuroscience findings, Nature Machine Intelligence, 2023.",
    link="https://doi.org/10.1038/s42256-023-00748-9",
)
