"""What a block's file looks like.

The magic; for each frame its columns, one after the other, times first, then the table of its columns and the labels of
its series; the footer, which says where the frames are; the tail, which says where the footer is. Everything has a
checksum.
"""

import struct

import numpy as np

MAGIC = b"MONBLK1\n"
# Offset, length and checksum of the footer; then the magic again.
TAIL = struct.Struct("<QII8s")
# A column: how it is written, its length in bytes and its checksum.
TABLE = np.dtype([("kind", "u1"), ("length", "<u4"), ("checksum", "<u4")])
