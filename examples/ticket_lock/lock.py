"""A ticket lock: who wants it draws a number and waits until that number is served."""

from checker.shared import Atomic, Plain, Struct, spin


class TicketLock(Struct):
    next: Atomic[int]  # the number that is drawn next
    serving: Atomic[int]  # the number whose turn it is


class Account(Struct):
    lock: TicketLock
    balance: Plain[int] = 0  # touched only with the lock


def acquire(lock: TicketLock) -> None:
    ticket = lock.next.add(1) - 1
    while lock.serving.load() != ticket:
        spin()


def release(lock: TicketLock) -> None:
    lock.serving.add(1)


def deposit(account: Account, amount: int) -> None:
    acquire(account.lock)
    account.balance += amount
    release(account.lock)
