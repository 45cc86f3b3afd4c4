"""A box for Vagrant with libvirt, made from Debian's archive: it takes no download site and no running machine."""
