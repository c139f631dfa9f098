"""What commands print with --json, as typed structs."""
