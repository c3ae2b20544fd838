"""Jobs in, their results out as nodes of a Ray cluster end them; Ray itself runs in a process of its own."""
