"""Backup and restore of a node's tables, by snapshots; and nodetool, with the node's own login."""
