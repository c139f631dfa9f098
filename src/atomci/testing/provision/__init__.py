"""What tests are given while they run: a folder, a git remote, ports, services."""
