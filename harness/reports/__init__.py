"""Results in, figures and pages for people out; nothing is trained, scored anew or logged here."""
