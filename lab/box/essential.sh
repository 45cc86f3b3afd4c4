# Run by mmdebstrap before the kernel is installed, with the root directory as $1: what its initial RAM disk holds.
# A small one is unpacked in a second under emulation, one with all drivers takes ten.
set -e
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
printf 'MODULES=list\nCOMPRESS=lz4\n' > "$1/etc/initramfs-tools/conf.d/box"
printf '%s\n' virtio_pci virtio_blk virtio_scsi sd_mod ext4 > "$1/usr/share/initramfs-tools/modules.d/box"
