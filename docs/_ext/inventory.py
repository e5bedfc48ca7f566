"""Names of another site for intersphinx, from a text that can be read and reviewed."""

import zlib


def write_inventory(listing):
    """Make the inventory that intersphinx reads from a text, and return its path.

    Parameters
    ----------
    listing : Path
        A line for each name: the name, its domain and role ("py:class"), and its address on the site.

    Returns
    -------
    path : str
        In ``_build``, beside the pages.
    """
    lines = [line.split() for line in listing.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    body = "".join(f"{name} {role} 1 {address} -\n" for name, role, address in lines)
    head = f"# Sphinx inventory version 2\n# Project: {listing.stem}\n# Version: \n"
    head += "# The remainder of this file is compressed using zlib.\n"
    path = listing.parents[1] / "_build" / f"{listing.stem}.inv"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(head.encode() + zlib.compress(body.encode()))
    return str(path)
