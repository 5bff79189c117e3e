"""What is raised of a folder with which nothing can be done as it is."""

from __future__ import annotations


class FolderError(ValueError):
    """A folder is not as a study leaves it, or cannot be read or written; a sentence names it."""
