"""`python -m radiorim.cli`: the same as `radiorim`."""

from radiorim.cli import main

main()
