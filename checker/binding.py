"""Binding: run one package's source over another substrate, without touching it: a port of it.

The package under proof imports its substrate (atomics, mutexes, struct fields) from one module,
`checker.shared` or one of its own, `<package>.rt`; a package without a substrate can be bound too, for
the sake of its mutants. A binding executes fresh copies of the package's modules with that module
replaced, so the plain, the explored and the symbolic reading of the code are the same text. The
copies are private: nothing enters `sys.modules`, and two bindings never see each other.

Mutants use the same door: an `Edit` replaces one piece of text of one module before it is compiled,
so the code under proof carries no flags.

A stand-in takes the place of a module as a whole: a simpler one with the same names, which a proof
of its own shows the module to refine. What is then proved of the rest holds for the package as it is.
"""

import ast
import builtins
import functools
import importlib
import importlib.util
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Transform = Callable[[ast.Module], ast.Module]


@dataclass(frozen=True)
class Edit:
    """Replace `old`, which must occur exactly once in `module` (its name in the package), by `new`."""

    module: str
    old: str
    new: str


class StaleEdit(Exception):
    """An edit's anchor is not in the source exactly once: the mutant no longer says what it says."""


class Binding:
    """A private copy of a package; its modules are attributes: `port.allocator.free(block)`."""

    def __init__(
        self,
        package: str,
        substrate: Mapping[str, Any] | None = None,
        edits: Sequence[Edit] = (),
        transform: Transform | None = None,
        stand_ins: Mapping[str, str] | None = None,
        *,
        replaces: str = "",
    ) -> None:
        """`substrate` gives names of the module `replaces`, `<package>.rt` if not said, other values.

        `stand_ins` gives modules of the package, as in `Edit`, the full name of what replaces them.
        """
        self._replaces = replaces or f"{package}.rt"
        self._stand_ins = stand_ins or {}
        self._package = package
        self._edits = tuple(edits)
        self._transform = transform
        self._modules: dict[str, types.ModuleType] = {}
        self._substrate = substrate or {}
        for edit in self._edits:
            getattr(self, edit.module)

    @property
    def replaced(self) -> tuple[str, ...]:
        """The modules for which others stand in."""
        return tuple(sorted(self._stand_ins))

    def __getattr__(self, name: str) -> types.ModuleType:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._load(f"{self._package}.{name}")

    def _load(self, full_name: str) -> types.ModuleType:
        module = self._modules.get(full_name)
        if module is not None:
            return module
        short = full_name.removeprefix(f"{self._package}.")
        path, source = _source(self._stand_ins.get(short, full_name))
        for edit in self._edits:
            if edit.module == short:
                source = _apply(edit, source)
        module = types.ModuleType(full_name)
        module.__file__ = path
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
        self._modules[full_name] = module
        exec(_code(path, source, self._transform), module.__dict__)
        return module

    def _import(
        self,
        name: str,
        global_names: Mapping[str, object] | None = None,
        local_names: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> Any:
        if name == self._replaces:
            return _substrate_module(name, self._substrate)
        if level or not (name == self._package or name.startswith(f"{self._package}.")):
            return builtins.__import__(name, global_names, local_names, fromlist, level)
        if name == self._package:
            return types.SimpleNamespace(**{each: getattr(self, each) for each in fromlist})
        return self._load(name)


def _substrate_module(name: str, overrides: Mapping[str, Any]) -> types.ModuleType:
    """The plain substrate's names, with `overrides` in place of some of them."""
    module = types.ModuleType(name)
    module.__dict__.update(vars(importlib.import_module(name)))
    module.__dict__.update(overrides)
    return module


def over_stand_ins(port: Any) -> str:
    """What a verdict about this port must say in its bound: ", with stand-ins for ..."; or nothing."""
    replaced = port.replaced if isinstance(port, Binding) else ()
    return f", with stand-ins for {', '.join(replaced)}" if replaced else ""


@functools.cache
def _code(path: str, source: str, transform: Transform | None) -> types.CodeType:
    """Compiled once for all bindings: most mutants leave most modules as they are."""
    tree = ast.parse(source, path)
    return compile(tree if transform is None else transform(tree), path, "exec")


def _source(full_name: str) -> tuple[str, str]:
    spec = importlib.util.find_spec(full_name)
    if spec is None or spec.origin is None:
        raise ImportError(f"no module {full_name} to bind")
    with open(spec.origin, encoding="utf-8") as file:
        return spec.origin, file.read()


def _apply(edit: Edit, source: str) -> str:
    count = source.count(edit.old)
    if count != 1:
        raise StaleEdit(f"{edit.module}: the text to replace occurs {count} times: {edit.old!r}")
    return source.replace(edit.old, edit.new)
