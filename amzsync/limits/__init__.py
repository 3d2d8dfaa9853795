"""Request limits: windows, pace, what a refusal shows, forecast. Pure but for the clock it is given."""
