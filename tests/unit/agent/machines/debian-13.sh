# A disk of NVMe, its file system mounted read-only.
mkfs.xfs -q /dev/nvme0n1
mkdir /srv/archive
mount -o ro /dev/nvme0n1 /srv/archive
