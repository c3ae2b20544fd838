"""One module for each corpus of the catalogue: its files in, a checked Corpus out."""
