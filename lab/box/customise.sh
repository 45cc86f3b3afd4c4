# Run by mmdebstrap at the end, with the root directory as $1: what makes a Debian a box of Vagrant's.
set -e

# The user that Vagrant logs in as, with the key that every Vagrant has; Vagrant replaces it at the first start.
chroot "$1" useradd --create-home --shell /bin/bash vagrant
echo 'vagrant:vagrant' | chroot "$1" chpasswd
echo 'vagrant ALL=(ALL) NOPASSWD: ALL' > "$1/etc/sudoers.d/vagrant"
chmod 0440 "$1/etc/sudoers.d/vagrant"
install -d -m 0700 "$1/home/vagrant/.ssh"
cat "$INSECURE_KEY" > "$1/home/vagrant/.ssh/authorized_keys"
chroot "$1" chown -R vagrant: /home/vagrant/.ssh
chmod 0600 "$1/home/vagrant/.ssh/authorized_keys"

# Every machine makes host keys and an identity of its own when it first starts; an RSA key would take it half a minute
# where it is emulated.
rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/machine-id"
echo uninitialized > "$1/etc/machine-id"
mkdir -p "$1/etc/systemd/system/ssh.service.d"
cat > "$1/usr/local/sbin/make-host-keys" <<'X'
#!/bin/sh
for type in ecdsa ed25519; do
  key=/etc/ssh/ssh_host_${type}_key
  [ -e "$key" ] || ssh-keygen -q -t "$type" -N '' -f "$key"
done
X
chmod 0755 "$1/usr/local/sbin/make-host-keys"
printf '[Service]\nExecStartPre=\nExecStartPre=/usr/local/sbin/make-host-keys\nExecStartPre=/usr/sbin/sshd -t\n' \
  > "$1/etc/systemd/system/ssh.service.d/host-keys.conf"
printf 'UseDNS no\nHostKey /etc/ssh/ssh_host_%s_key\nHostKey /etc/ssh/ssh_host_%s_key\n' ecdsa ed25519 \
  > "$1/etc/ssh/sshd_config.d/vagrant.conf"

# The name sorts behind the files that Vagrant writes, or the machine's fixed address would be lost to DHCP.
printf '[Match]\nType=ether\n\n[Network]\nDHCP=ipv4\n' > "$1/etc/systemd/network/99-dhcp.network"
chroot "$1" systemctl enable --quiet systemd-networkd.service systemd-resolved.service
# Nothing waits for all interfaces: the first one with an address will do.
mkdir -p "$1/etc/systemd/system/systemd-networkd-wait-online.service.d"
printf '[Service]\nExecStart=\nExecStart=/lib/systemd/systemd-networkd-wait-online --any\n' \
  > "$1/etc/systemd/system/systemd-networkd-wait-online.service.d/any.conf"
ln -sf ../run/systemd/resolve/stub-resolv.conf "$1/etc/resolv.conf"
echo bookworm > "$1/etc/hostname"
printf '127.0.0.1 localhost\n::1 localhost\n' > "$1/etc/hosts"

# Timers that look for updates would be loads that nobody has asked for.
for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer man-db.timer; do
  ln -sf /dev/null "$1/etc/systemd/system/$unit"
done

echo 'LABEL=root / ext4 errors=remount-ro 0 1' > "$1/etc/fstab"
mkdir -p "$1/boot/extlinux"
cat > "$1/boot/extlinux/extlinux.conf" <<X
default linux
prompt 0
timeout 0
label linux
  linux /vmlinuz
  initrd /initrd.img
  append root=LABEL=root ro console=tty0 console=ttyS0,115200 quiet
X
