"""The 56 imaging fields of MICrONS for which activity, wiring and positions are published."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# session, scan, field, number of neurons, grid of that many units as used by the authors
FIELDS = (
    (4, 7, 2, 88, (11, 4, 2)),
    (4, 7, 4, 566, (283, 2, 1)),
    (4, 7, 6, 475, (19, 5, 5)),
    (4, 7, 8, 193, (193, 1, 1)),
    (5, 3, 2, 126, (9, 7, 2)),
    (5, 3, 4, 70, (7, 5, 2)),
    (5, 3, 6, 175, (7, 5, 5)),
    (5, 3, 8, 42, (7, 3, 2)),
    (5, 6, 2, 339, (113, 3, 1)),
    (5, 6, 4, 521, (521, 1, 1)),
    (5, 6, 6, 339, (113, 3, 1)),
    (5, 6, 8, 160, (10, 4, 4)),
    (5, 7, 2, 390, (13, 6, 5)),
    (5, 7, 4, 544, (17, 8, 4)),
    (5, 7, 6, 139, (139, 1, 1)),
    (5, 7, 8, 275, (11, 5, 5)),
    (6, 2, 2, 390, (13, 10, 3)),
    (6, 2, 4, 575, (23, 5, 5)),
    (6, 2, 6, 264, (11, 8, 3)),
    (6, 2, 8, 125, (5, 5, 5)),
    (6, 4, 2, 416, (16, 13, 2)),
    (6, 4, 4, 595, (17, 7, 5)),
    (6, 4, 6, 371, (53, 7, 1)),
    (6, 4, 8, 135, (9, 5, 3)),
    (6, 6, 2, 312, (12, 13, 2)),
    (6, 6, 4, 560, (10, 8, 7)),
    (6, 6, 6, 383, (383, 1, 1)),
    (6, 6, 8, 129, (43, 3, 1)),
    (6, 7, 2, 232, (29, 4, 2)),
    (6, 7, 4, 566, (283, 2, 1)),
    (6, 7, 6, 533, (41, 13, 1)),
    (6, 7, 8, 162, (9, 9, 2)),
    (7, 3, 2, 410, (41, 5, 2)),
    (7, 3, 4, 385, (11, 7, 5)),
    (7, 3, 6, 145, (29, 5, 1)),
    (7, 3, 8, 154, (11, 7, 2)),
    (7, 4, 2, 297, (11, 9, 3)),
    (7, 4, 4, 470, (47, 5, 2)),
    (7, 4, 6, 538, (269, 2, 1)),
    (7, 4, 8, 224, (8, 7, 4)),
    (7, 5, 2, 290, (29, 5, 2)),
    (7, 5, 4, 258, (43, 3, 2)),
    (7, 5, 6, 283, (283, 1, 1)),
    (7, 5, 8, 61, (61, 1, 1)),
    (8, 5, 2, 455, (13, 7, 5)),
    (8, 5, 4, 467, (467, 1, 1)),
    (8, 5, 6, 514, (257, 2, 1)),
    (8, 5, 8, 190, (19, 5, 2)),
    (9, 3, 2, 632, (79, 4, 2)),
    (9, 3, 4, 532, (19, 7, 4)),
    (9, 3, 6, 545, (109, 5, 1)),
    (9, 4, 2, 385, (11, 7, 5)),
    (9, 4, 4, 479, (479, 1, 1)),
    (9, 4, 6, 529, (23, 23, 1)),
    (9, 6, 2, 422, (211, 2, 1)),
    (9, 6, 4, 323, (19, 17, 1)),
)


def microns_fields() -> pd.DataFrame:
    """Return the table of the published MICrONS fields: 19178 neurons in 56 fields.

    Returns
    -------
    pandas.DataFrame
        One row per field, columns ``session, scan, field, n_neurons`` (int) and ``grid`` (tuple
        of three ints with the product n_neurons: the grid on which the authors place the units of
        networks that have no measured positions).

    See Also
    --------
    fetch_microns : Download a field.
    load_microns : Read a field.

    References
    ----------
    Shakiba, Rokni, Mohammadi and Dehghani (2026), Harnessing cortical geometry, wiring, and
    function as inductive biases for recurrent neural networks, arXiv:2606.14975.

    Examples
    --------
    >>> from sk_biornn.datasets import microns_fields
    >>> fields = microns_fields()
    >>> len(fields), int(fields["n_neurons"].sum())
    (56, 19178)
    >>> fields.query("session == 6 and scan == 6 and field == 2")["grid"].item()
    (12, 13, 2)
    """
    import pandas as pd

    return pd.DataFrame(FIELDS, columns=["session", "scan", "field", "n_neurons", "grid"])


def published_grid(session: int, scan: int, field: int) -> tuple[int, int, int] | None:
    """Grid of a published field, or None for any other."""
    for *key, _, grid in FIELDS:
        if key == [session, scan, field]:
            return grid
    return None
