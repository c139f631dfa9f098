"""What atomci knows of each coding agent's command line: a module each."""
