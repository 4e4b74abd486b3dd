"""Structs of the explored substrate: annotated fields become descriptors that ask the host."""

from collections.abc import Mapping
from typing import Any, NoReturn, get_origin

from checker.assumption import Assumption
from checker.interleaving.requests import (
    Kind,
    Object,
    Place,
    Request,
    host,
    identify,
    interned,
    name_after,
    rely_on,
)
from checker.interleaving.values import Unsupported, canonical, frozen


class _Field:
    """A field kept in the explorer's memory."""

    def __init__(self, name: str, access: str, default: Any, word: Assumption | None) -> None:
        self.name, self.access, self.default, self.word = name, access, default, word

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if obj is None:
            return self
        if self.access == "const" and not obj._creator:
            return self._constant(obj)
        kind = Kind.LOAD if self._steps(obj) else Kind.PLAIN_LOAD
        return host().ask(Request(kind, Place(obj, self.name), atomic=False))

    def __set__(self, obj: Any, value: Any) -> None:
        place = Place(obj, self.name)
        if self.access == "const":
            if not obj._creator and host().creator:
                raise Unsupported(f"{place} is Const, but a thread writes it: declare it Plain")
            # A thread's objects may be held elsewhere on another path: they keep their numbers.
            if isinstance(value, Object) and not host().creator:
                name_after(value, place)
            if not obj._creator:
                obj._constants[self.name] = value
                return
            # The value goes along because it is part of the state of a thread suspended here.
            old = host().ask(Request(Kind.PLAIN_LOAD, place, (value,), atomic=False))
            if canonical(old) != canonical(self.default):
                raise Unsupported(f"{place} is Const, but is written twice: declare it Plain")
        if self.word is not None and obj not in host().building:
            rely_on(self.word)
            host().ask(Request(Kind.STORE, place, (value,)))
            return
        kind = Kind.STORE if self._steps(obj) else Kind.PLAIN_STORE
        host().ask(Request(kind, place, (value,), atomic=False))

    def _steps(self, obj: Any) -> bool:
        return self.access == "racy" and obj not in host().building

    def _constant(self, obj: Any) -> Any:
        value = obj._constants.get(self.name, self.default)
        if not host().creator:
            return value
        known = obj._constants.get((self.name, "frozen"))
        if known is None:
            try:
                known = obj._constants[self.name, "frozen"] = (frozen(value),)
            except Unsupported as problem:
                raise Unsupported(f"{Place(obj, self.name)}: {problem}") from None
        return known[0]


class _Embedded:
    """A struct, mutex or typed atomic held by value."""

    access = "embedded"

    def __init__(self, name: str, cls: Any) -> None:
        self.name, self.cls = name, cls

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if obj is None:
            return self
        try:
            return obj._children[self.name]
        except KeyError:
            raise AttributeError(f"{obj} has no {self.name} yet") from None

    def __set__(self, obj: Any, value: Any) -> NoReturn:
        raise Unsupported(f"{Place(obj, self.name)} is held by value and cannot be replaced")

    def build(self, obj: Any) -> None:
        place = Place(obj, self.name)
        child = interned(host(), (obj, self.name), str(place), self.cls, ())
        child._creator = obj._creator
        obj._children[self.name] = child
        name_after(child, place)
        child._embed(place)


def _access_of(annotation: Any) -> str | None:
    """The value of an annotation's mark, or "embedded" for a bare class."""
    for mark in getattr(annotation, "__metadata__", ()):
        value = getattr(mark, "value", None)
        if value in ("const", "plain", "racy", "mixed", "embedded"):
            return str(value)
    return "embedded" if isinstance(get_origin(annotation) or annotation, type) else None


class _StructMeta(type):
    """Turns annotated fields into descriptors that ask the host."""

    def __new__(meta, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        words: Mapping[str, Assumption] = getattr(bases[0], "_words", {})
        for field, annotation in namespace.get("__annotations__", {}).items():
            access = _access_of(annotation)
            if access is None:
                raise TypeError(f"{name}.{field} has no access class: {annotation!r}")
            if access == "embedded":
                namespace[field] = _Embedded(field, get_origin(annotation) or annotation)
            else:
                word = words.get(f"{name}.{field}")
                namespace[field] = _Field(field, access, namespace.get(field), word)
        namespace["__slots__"] = ()
        return super().__new__(meta, name, bases, namespace)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        thing = identify(cls)
        _initialise(thing, *args, **kwargs)
        return thing


def _initialise(thing: Any, *args: Any, **kwargs: Any) -> None:
    # Until its constructor returns nobody else can reach an object: no access is a step.
    running = host()
    running.building = (*running.building, thing)
    thing.__init__(*args, **kwargs)
    running.building = running.building[:-1]


class Struct(Object, metaclass=_StructMeta):
    """Base of every struct of the program, compared by identity."""

    def __init__(self) -> None:
        for cls in reversed(type(self).__mro__):
            for field in vars(cls).values():
                if isinstance(field, _Embedded):
                    field.build(self)

    def _embed(self, _place: Place) -> None:
        _initialise(self)

    def _initial(self, field: str | int) -> Any:
        found = getattr(type(self), str(field))
        return found.cls.zero if isinstance(found, _Embedded) else found.default

    def _access(self, field: str | int) -> str:
        return str(getattr(type(self), str(field)).access)


def struct_where(words: Mapping[str, Assumption]) -> type[Struct]:
    """The base of structs with fields, as "Class.field", to which a plain store is an atomic one.

    Each by an assumption: it says why the program may store plainly what others read meanwhile.
    """
    made: type[Struct] = _StructMeta("Struct", (Struct,), {"_words": words})
    return made
