"""What a catalogue is made of: products, variants, image URLs, galleries and asset names. All pure."""
