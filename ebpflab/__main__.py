"""`python -m ebpflab`: the command line of cli.py."""

import sys

from ebpflab.cli import main

sys.exit(main())
