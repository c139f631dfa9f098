"""From a row of the catalog to what runs for it: ours, a plugin's, or a command of the project."""
