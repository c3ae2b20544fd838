"""Labels by hand in; whether training with them paid, by a paired test, out."""
