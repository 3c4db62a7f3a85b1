"""`python -m daris`."""

from daris.cli import main

main()
