"""pytest and coverage: which tests a change reaches, what they did, what they covered."""
