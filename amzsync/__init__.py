"""Put the Amazon images of your products into Plytix, in order, with as few requests as possible."""

__version__ = "0.1.0"
