"""What atoms hand each other in files, as typed structs."""
