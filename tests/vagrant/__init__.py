"""The lab on real virtual machines, brought up, looked at, drilled and taken down, in namespaces of its own."""
