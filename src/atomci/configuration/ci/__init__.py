"""What a project's workflows must be, as rules over parsed files."""
