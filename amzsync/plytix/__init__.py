"""The Plytix client: the only outgoing HTTP, and the only place that knows the wire format (v1)."""
