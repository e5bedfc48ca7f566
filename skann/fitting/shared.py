"""Objects that several processes have, with their arrays in memory once."""

import os
import pickle
import shutil
import tempfile
from contextlib import suppress

import numpy as np

from .._compat import cloudpickle, loky_tracker

MEMORY = "/dev/shm"  # files that stay in memory, on Linux
ALIGNMENT = 64  # bytes


class SharedData:
    """Objects for several processes, whose arrays are in one file, which each of them maps into its memory.

    Parameters
    ----------
    objects : list
        What cloudpickle can pickle.
    """

    def __init__(self, objects):
        buffers: list = []
        self.pickled = cloudpickle.dumps(objects, protocol=5, buffer_callback=buffers.append)
        views = [buffer.raw() for buffer in buffers]
        starts = np.cumsum([0] + [-(-view.nbytes // ALIGNMENT) * ALIGNMENT for view in views]).tolist()
        self.places = [slice(start, start + view.nbytes) for start, view in zip(starts, views, strict=False)]
        file, self.path = tempfile.mkstemp(prefix="skann-", dir=_folder(starts[-1]))
        loky_tracker.register(self.path, "file")  # which deletes it if this process is killed
        try:
            with os.fdopen(file, "wb") as opened:
                for place, view in zip(self.places, views, strict=True):
                    opened.seek(place.start)
                    opened.write(view)
                opened.truncate(starts[-1] + ALIGNMENT)  # an empty file can't be mapped
        except BaseException:
            self.remove()
            raise

    def load(self):
        """The objects. Who writes to an array of theirs gets a page of his own."""
        memory = np.memmap(self.path, np.uint8, mode="c")
        return pickle.loads(self.pickled, buffers=[memory[place] for place in self.places])

    def remove(self):
        """Delete the file: what is mapped already stays."""
        with suppress(OSError):  # Windows deletes none that is mapped
            os.remove(self.path)
        loky_tracker.unregister(self.path, "file")


def _folder(n_bytes):
    """Where a file of this size is in memory, None for where temporary files are."""
    with suppress(OSError):
        if shutil.disk_usage(MEMORY).free > 2 * n_bytes and os.access(MEMORY, os.W_OK):
            return MEMORY
    return None
