"""Finished runs in; a page that shows every row with every answer, and a server beside it, out."""
