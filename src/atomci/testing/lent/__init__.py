"""A folder for PYTHONPATH from which `atomci` can be imported, and nothing that is installed beside it."""
