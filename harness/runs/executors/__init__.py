"""Trials in, their results out as other processes end them; scoring and logging stay in this process."""
