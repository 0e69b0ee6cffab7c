"""The bundle: the one Hugging Face repo with a mode's model files, and the manifest that says what must be in it.

Reading order: manifest (what should be there), verdict (what to think of what is there), cache (what is there, in the
hub's cache layout), digest (hashing). The worker's bootstrap, `imgvid bundle` and `imgvid workflow check` all read this.
Nothing here needs the hub's own library, a token or a network.
"""
