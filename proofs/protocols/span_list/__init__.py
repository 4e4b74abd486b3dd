"""mSpanList: doubly linked lists that are sequences, and a span is on one at most."""
