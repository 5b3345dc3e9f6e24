"""What a reader gets: reports of text, tables, pictures and claims, written whole or not at all."""
