"""Rows in, labels that people gave them out: a log of votes, a screen to vote on, and files of votes."""
