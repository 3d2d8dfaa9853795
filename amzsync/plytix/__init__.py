"""The Plytix client: the only HTTP out, and the only place that knows the wire format (v1)."""
