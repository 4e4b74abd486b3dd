"""The port is bound as it is, whether its modules were ever imported or not."""

import subprocess
import sys
from pathlib import Path

import impl

ROOT = Path(impl.__file__).parent
BIND_ALL = """
import sys
from checker.binding import Binding
port = Binding("impl")
for module in sys.argv[1:]:
    getattr(port, module)
assert "impl.mheap" not in sys.modules
"""


def test_every_module_binds_where_none_was_imported() -> None:
    """A dataclass, for one, looks up its module to read an annotation that is a text."""
    modules = sorted(path.stem for path in ROOT.glob("*.py") if path.stem != "__init__")
    command = [sys.executable, "-c", BIND_ALL, *modules]
    run = subprocess.run(command, cwd=ROOT.parent, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
