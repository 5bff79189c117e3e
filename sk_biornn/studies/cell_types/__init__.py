"""The study of cell types: what a network of 18 cortical populations learns from their activity."""
