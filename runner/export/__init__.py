"""Taking a study elsewhere: `python -m runner.export FOLDER --to FORMAT` writes one file that others read."""
