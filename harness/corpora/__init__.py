"""Files, a hub name or a published corpus in, a checked Corpus out."""
