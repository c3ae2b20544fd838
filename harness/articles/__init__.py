"""An article in; who is shown how in it, by whom, out."""
