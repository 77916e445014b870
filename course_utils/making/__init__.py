"""What authors and lecturers run and students never import: stored outputs, decks, PDFs, the key, handouts."""
