"""Plans and runs graphs of atoms. Knows atoms, not what they do."""
