"""Pages: which are free, scavenged or in a P's cache; the port and the real runtime agree on all."""
