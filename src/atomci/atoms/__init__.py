"""The atoms: phase_NN_*.py holds what each does, checks_NN_*.py whether each holds."""
