"""The name of a published corpus in, its files in the cache folder out."""
