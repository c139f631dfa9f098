"""phase_NN_*.py holds what each atom does, checks_NN_*.py whether it holds, facts_NN_*.py what both ask."""
