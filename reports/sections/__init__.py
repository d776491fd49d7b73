"""What a page says, one question per file: each reads a View and gives a Section, or none where there is nothing."""
