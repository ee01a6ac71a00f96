"""The command line: one file per command, each a thin door to what the rooms below do."""
