"""What every room speaks in: errors, labels, parties, tables, findings, seeds, progress, the catalogue."""
