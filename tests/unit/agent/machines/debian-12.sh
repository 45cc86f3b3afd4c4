# A disk with two partitions, swap and conntrack.
echo ',100M
,,' | sfdisk /dev/vdb
udevadm settle
mkswap /dev/vdb1
swapon /dev/vdb1
mkfs.ext4 -q /dev/vdb2
mkdir /srv/data
mount /dev/vdb2 /srv/data
dd if=/dev/zero of=/srv/data/file bs=1M count=20 conv=fsync
echo 3 > /proc/sys/vm/drop_caches
cat /srv/data/file > /dev/null
rm /srv/data/file
fstrim /srv/data
modprobe nf_conntrack
nft add table inet filter
nft add chain inet filter input '{ type filter hook input priority 0; }'
nft add rule inet filter input ct state new accept
python3 - <<'END'
import socket

with socket.create_server(("127.0.0.1", 0)) as server:
    for _ in range(5):
        socket.create_connection(server.getsockname()).close()
END
