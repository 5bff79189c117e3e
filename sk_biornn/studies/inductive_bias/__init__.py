"""The study of inductive biases: geometry, wiring and function in eleven combinations."""
