"""The pruners of strategies, a file each: which trials end since others are better."""
