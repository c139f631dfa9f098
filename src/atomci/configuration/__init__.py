"""What a configured project looks like, as rules over parsed files; starts no program."""
