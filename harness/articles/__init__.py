"""Articles in; who is shown how in them, by whom, and shares of stances out."""
