"""`python -m daris`."""

from daris.cli import main

main(prog_name="daris")
