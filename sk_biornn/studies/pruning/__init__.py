"""The study of pruning: which synapses can go, at once and with training afterwards."""
