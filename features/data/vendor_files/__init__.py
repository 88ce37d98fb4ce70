"""Files as vendors write them, one small reader a format; `recognise.read` finds the one that fits."""
