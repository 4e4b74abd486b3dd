"""Arithmetic of spans: span classes, rounding, and finding an object by multiplication."""

from checker.binding import Binding
from checker.contracts import Contract
from harness.contracts import Contracts
from proofs.protocols.span_state.mutants import PORT_MUTANTS

WORDS = 1 << 64


def _encode(name: str, port: Binding) -> Contract:
    config, spanclass = port.config.LINUX_AMD64, port.spanclass

    def requires(sizeclass: int, noscan: bool) -> bool:  # noqa: ARG001
        return 0 <= sizeclass < len(config.class_to_size)

    def ensures(sizeclass: int, noscan: bool) -> bool:
        """A span class holds its two parts, and is below numSpanClasses."""
        sc = spanclass.make_span_class(sizeclass, noscan)
        parts = spanclass.span_class_sizeclass(sc), spanclass.span_class_noscan(sc)
        return bool(0 <= sc < config.num_span_classes and parts == (sizeclass, noscan))

    return Contract(name, "runtime/mheap.go:577 makeSpanClass", requires, ensures)


def _decode(name: str, port: Binding) -> Contract:
    spanclass = port.spanclass

    def requires(sc: int) -> bool:
        return 0 <= sc < 256

    def ensures(sc: int) -> bool:
        """A uint8 is a span class: no two of them have the same parts."""
        parts = spanclass.span_class_sizeclass(sc), spanclass.span_class_noscan(sc)
        return bool(spanclass.make_span_class(*parts) == sc)

    return Contract(name, "runtime/mheap.go:581 spanClass", requires, ensures)


def _div_round_up(name: str, port: Binding) -> Contract:
    config = port.config.LINUX_AMD64

    def requires(n: int, a: int) -> bool:
        return a > 0 and n >= 0 and n + a <= WORDS

    def ensures(n: int, a: int) -> bool:
        """The least number of pieces of size a that hold n, if the sum does not wrap."""
        pieces = port.stubs.div_round_up(config, n, a)
        return bool((pieces - 1) * a < n <= pieces * a)

    return Contract(name, "runtime/stubs.go:434 divRoundUp", requires, ensures)


# CrossHair takes a mask apart value by value, so it does not get through 64 bits.
SMALL = "n < 32 and a in 1, 2, 4, 8"


def _small(n: int, shift: int) -> bool:
    return 0 <= n < 32 and 0 <= shift <= 3


def _align_up(name: str, port: Binding) -> Contract:
    config = port.config.LINUX_AMD64

    def ensures(n: int, shift: int) -> bool:
        """The least multiple not below n."""
        up = port.stubs.align_up(config, n, 1 << shift)
        return bool(up % (1 << shift) == 0 and n <= up < n + (1 << shift))

    return Contract(name, "runtime/stubs.go:424 alignUp", _small, ensures, SMALL)


def _align_down(name: str, port: Binding) -> Contract:
    config = port.config.LINUX_AMD64

    def ensures(n: int, shift: int) -> bool:
        """The greatest multiple not above n."""
        down = port.stubs.align_down(config, n, 1 << shift)
        return bool(down % (1 << shift) == 0 and down <= n < down + (1 << shift))

    return Contract(name, "runtime/stubs.go:429 alignDown", _small, ensures, SMALL)


def _divide(name: str, port: Binding) -> Contract:
    config = port.config.LINUX_AMD64

    def requires(sizeclass: int, n: int) -> bool:
        classes = 1 <= sizeclass < len(config.class_to_size)
        return classes and 0 <= n <= config.class_to_allocnpages[sizeclass] * config.page_size

    def ensures(sizeclass: int, n: int) -> bool:
        """In every size class, multiplying by the magic number divides every offset of a span."""
        span = port.mspan.Mspan()
        span.div_mul = config.class_to_divmagic[sizeclass]
        quotient = span.divide_by_elem_size(n)
        return bool(quotient == n // config.class_to_size[sizeclass])

    cites = "runtime/mbitmap.go:209 mspan.divideByElemSize"
    return Contract(name, cites, requires, ensures)


def _layout(name: str, port: Binding) -> Contract:
    shift = port.config.LINUX_AMD64.page_shift

    def requires(npages: int, elemsize: int) -> bool:
        return 1 <= npages < 1 << 35 and 0 <= elemsize < 1 << 48

    def ensures(npages: int, elemsize: int) -> bool:
        """As many objects as fit into the pages; none where objects have no size."""
        span = port.mspan.Mspan()
        span.npages, span.elemsize = npages, elemsize
        size, n, total = span.layout(shift)
        fits = n * size <= total < (n + 1) * size if size else n == 0
        return bool(fits and size == elemsize and total == npages << shift)

    return Contract(name, "runtime/mheap.go:510 mspan.layout", requires, ensures)


CONTRACTS = Contracts(
    __name__,
    {
        "encode-span-class": _encode,
        "decode-span-class": _decode,
        "div-round-up": _div_round_up,
        "align-up": _align_up,
        "align-down": _align_down,
        "divide-by-elem-size": _divide,
        "layout": _layout,
    },
    PORT_MUTANTS,
)
