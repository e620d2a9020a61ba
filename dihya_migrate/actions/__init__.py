"""One function per verb: the Python API under the command line."""
