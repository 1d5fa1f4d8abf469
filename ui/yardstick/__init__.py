"""The smallest PySide6 page with the words of the attract page: what the face's start is measured against."""
