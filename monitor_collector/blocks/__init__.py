"""Immutable blocks of samples on disk: columns of numbers, compressed each for itself, and an index of their labels.

docs/decisions/0006-block-format.md says why they look as they do.
"""

from monitor_collector.blocks.errors import BlockDamaged
from monitor_collector.blocks.joining import select_all, together
from monitor_collector.blocks.merging import merge_blocks
from monitor_collector.blocks.reading import Block
from monitor_collector.blocks.writing import write_block

__all__ = ["Block", "BlockDamaged", "merge_blocks", "select_all", "together", "write_block"]
