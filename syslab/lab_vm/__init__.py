"""The lab VM: ``host`` makes it and asks it, ``agent`` answers in it, ``inside`` is what experiments use there."""
