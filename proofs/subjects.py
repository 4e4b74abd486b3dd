"""Where each subject is: its name, as in an obligation's id, and its package."""

PACKAGES = {
    name: f"proofs.{kind}.{name}"
    for kind, names in {
        "protocols": ("span_list", "span_state", "sweepgen", "zeroed_base"),
        "port": ("specials", "stand_ins", "whole_heap"),
        "runtime": ("differential", "pages"),
        "findings": ("checkmarks", "linear_alloc", "scavenger"),
    }.items()
    for name in names
}
