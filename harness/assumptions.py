"""What verdicts about the port rest on and no proof shows, each printed where it is relied on."""

from checker.assumption import Assumption

MEMORY_ON_REQUEST = Assumption(
    name="memory on request",
    statement="while threads are explored the system does with memory what it is asked to do",
    why=(
        "the states of memory, its contents and requests that are refused are checked on the plain "
        "substrate, where calls run one at a time"
    ),
)

ONE_ADDRESS = Assumption(
    name="one address for all memory",
    statement="a thread is given memory at the same address whenever it asks the system for some",
    why="the code under proof looks at no address but to see whether there is memory",
)

NEXT_IS_A_WORD = Assumption(
    name="SpanSetBlock.next is a word",
    statement="the plain store of a block's next takes effect as a whole, like an atomic one",
    why=(
        "Go stores it plainly (runtime/lfstack.go lfstack.push) though a pop that is late may read "
        "it at that time; what such a pop reads does not matter, its swap fails by the tag"
    ),
)

ALIGNED_STACKS_IN_GO = Assumption(
    name="Go edited to align stacks",
    statement=(
        "with two expressions edited the real runtime on this machine does what it does on a "
        "platform with larger pages, to which stacks are aligned"
    ),
    why=(
        "one is the condition that names such platforms, made true; the other checks addresses by "
        "the system's page size, which really is smaller here"
    ),
)

ASSUMPTIONS = (MEMORY_ON_REQUEST, ONE_ADDRESS, NEXT_IS_A_WORD, ALIGNED_STACKS_IN_GO)
