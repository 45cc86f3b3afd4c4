# Every kind of disk, mount and network device that one machine has seldom together.

# Partitions of a disk, and one of NVMe; a file system without a partition table; swap.
printf 'label: gpt\n,50M\n,50M\n,,\n' | sfdisk /dev/sda
printf 'label: gpt\n,,\n' | sfdisk /dev/nvme0n1
udevadm settle
mkfs.ext4 -q -L first /dev/sda1
mkfs.xfs -q -f /dev/nvme0n1p1 || mkfs.ext4 -q -F /dev/nvme0n1p1
mkfs.ext4 -q /dev/nvme1n1
mkswap /dev/sda2
swapon /dev/sda2

# RAID and LVM.
mdadm --create /dev/md0 --run --level=1 --raid-devices=2 /dev/sdc /dev/sdd
mdadm --create /dev/md1 --run --assume-clean --level=5 --raid-devices=4 /dev/sde /dev/sdf /dev/sdg /dev/sdh
mdadm /dev/md1 --fail /dev/sdf
pvcreate -q /dev/sdi /dev/sdj
vgcreate -q group /dev/sdi /dev/sdj
lvcreate -q -y -L 64M -n data group
lvcreate -q -y -L 64M -n with-dash group
mkfs.ext4 -q /dev/md0
mkfs.ext4 -q /dev/group/data
mkfs.ext4 -q /dev/group/with-dash
udevadm settle

# Mounts: names with a space, a backslash and letters that are not ASCII; read-only; one over another; of a directory
# and of a file in two places; a loop device.
mkdir -p /srv/first /srv/raid '/mnt/with space' '/mnt/back\slash' /mnt/größe /mnt/volume /mnt/twice /mnt/again /mnt/loop
mount /dev/sda1 /srv/first
mount /dev/md0 /srv/raid
mount /dev/nvme1n1 '/mnt/with space'
mount -o ro /dev/nvme0n1p1 '/mnt/back\slash'
mount /dev/group/data /mnt/größe
mount /dev/mapper/group-with--dash /mnt/volume
mount -o remount,ro,bind /mnt/volume
mount -t tmpfs -o size=1M below /mnt/twice
mount -t tmpfs -o size=2M above /mnt/twice
mkdir /srv/first/part
mount --bind /srv/first/part /mnt/again
touch /srv/first/file /mnt/file
mount --bind /srv/first/file /mnt/file
dd if=/dev/zero of=/srv/image bs=1M count=10
mkfs.ext4 -q /srv/image
mount -o loop /srv/image /mnt/loop

# Reads, writes, discards and flushes on some of the disks.
for directory in /srv/first /srv/raid '/mnt/with space' /mnt/größe; do
    dd if=/dev/zero of="$directory/data" bs=64k count=200 conv=fsync
done
echo 3 > /proc/sys/vm/drop_caches
cat /srv/raid/data '/mnt/with space/data' > /dev/null
rm /srv/first/data
fstrim -v /srv/first

# Network devices of all kinds, and packets through some of them.
ip link add dummy0 type dummy
ip link add bridge0 type bridge
ip link add veth0 type veth peer name veth1
ip link set veth1 master bridge0
ip link add link dummy0 name dummy0.7 type vlan id 7
ip link set dummy0 alias 'the "first" dummy'
for device in dummy0 bridge0 veth0 veth1 dummy0.7 $(cd /sys/class/net && echo e*); do
    ip link set "$device" up
done
ip address add 192.0.2.1/24 dev dummy0
ip address add 198.51.100.1/24 dev veth0
modprobe nf_conntrack
nft add table inet filter
nft add chain inet filter input '{ type filter hook input priority 0; }'
nft add rule inet filter input ct state new accept
python3 - <<'END'
import socket

with socket.create_server(("127.0.0.1", 0)) as server:
    for _ in range(5):
        socket.create_connection(server.getsockname()).close()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
    for _ in range(3):
        udp.sendto(b"x", ("192.0.2.7", 9))
        udp.sendto(b"x", ("198.51.100.7", 9))
        udp.sendto(b"x", ("127.0.0.1", 9))
END
