"""What stands in for three modules while threads are explored does what they do; their own claims."""
