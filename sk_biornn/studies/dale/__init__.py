"""The study of Dale's law: what it costs, and whether it matters how it is kept."""
