"""The figures of the guide: one file each, whose `draw` returns it.

A page shows one by ``.. plot:: figures/NAME.py draw``, with `:alt:` and a caption; it is drawn when
the pages are built. `tests/test_guide_figures.py` draws all of them and looks for what is cut off.
"""
