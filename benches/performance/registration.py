"""What a registration file says."""
import pathlib
import re


def registration_value(registration, key):
    """Returns a text out of a registration file."""
    text = pathlib.Path(registration).read_text()
    return re.search(rf"^{key}:\s*[\"']?([^\"'\s]+)", text, re.MULTILINE).group(1)
