"""How a served model decides: calibrated probabilities, thresholds, abstention; fitted in evaluation."""
