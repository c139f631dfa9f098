"""Three lists of files into one, by git's merge, with what git doesn't know settled around it."""
