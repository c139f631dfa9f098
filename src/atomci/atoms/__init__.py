"""One module per phase: what each atom does (`NAME`), and whether it holds (`NAME_holds`)."""
