"""`python -m mheap` is `mheap`."""

import sys

from mheap.cli import main

sys.exit(main())
