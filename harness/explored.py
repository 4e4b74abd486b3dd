"""The machine on which the port is explored: the checker's, with the port's lock order."""

from checker.interleaving.machine import EXPLORED
from checker.interleaving.words import lock_in
from impl.rt.locks import LOCK_PARTIAL_ORDER

EXPLORED_PORT = EXPLORED | {"lock": lock_in(LOCK_PARTIAL_ORDER)}
