"""Cards as pictures, drawn with Microsoft's renderer in a real browser."""
