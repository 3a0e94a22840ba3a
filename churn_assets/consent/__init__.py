"""What people said about being written to, and what follows from it. One rule: consent that cannot be read is none."""
