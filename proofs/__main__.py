"""`python -m proofs` is `mheap`."""

import sys

from proofs.cli import main

sys.exit(main())
