"""The demo: everything that belongs to imgvid, on one machine, with one command."""
