"""Put every Amazon picture into Plytix, linked and in order, with as few requests as can be."""

__version__ = "0.1.0"
