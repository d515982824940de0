#!/usr/bin/env bash
# Makes a base image for deploy/image/Containerfile from Debian's packages alone, where no registry of images can be
# reached: debian-base.sh NAME. It needs root, debootstrap and buildah. Options for buildah go into BUILDAH_OPTIONS.
set -euo pipefail
name=${1:?usage: debian-base.sh NAME, such as localhost/pulso-base}
read -r -a options <<<"${BUILDAH_OPTIONS:-}"
for program in debootstrap buildah; do
  command -v "$program" >/dev/null || { echo "error: no $program: apt-get install debootstrap buildah" >&2; exit 1; }
done
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
export DEBIAN_FRONTEND=noninteractive
unset TMPDIR # of this machine: packages would look for it inside
debootstrap --variant=minbase bookworm "$root/debian" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} # else debootstrap knows one
mirror=$(awk '/^deb / {print $2; exit}' "$root/debian/etc/apt/sources.list")
printf 'deb %s bookworm-security main\n' "${DEBIAN_SECURITY:-${mirror%/}-security}" \
  >"$root/debian/etc/apt/sources.list.d/security.list"
# No service is started while an image is built.
printf '#!/bin/sh\nexit 101\n' >"$root/debian/usr/sbin/policy-rc.d"
chmod 0755 "$root/debian/usr/sbin/policy-rc.d"
chroot "$root/debian" apt-get update
chroot "$root/debian" apt-get upgrade --yes
chroot "$root/debian" apt-get install --yes --no-install-recommends python3.11 python3.11-venv ca-certificates
rm -rf "$root"/debian/var/cache/apt/* "$root"/debian/var/lib/apt/lists/*
# A network that inspects encrypted traffic has an authority of its own.
[ -z "${CA_BUNDLE:-}" ] || cp "$CA_BUNDLE" "$root/debian/etc/ssl/certs/ca-certificates.crt"
container=$(buildah "${options[@]}" from scratch)
buildah "${options[@]}" add --quiet "$container" "$root/debian" / >/dev/null
trusted=/etc/ssl/certs/ca-certificates.crt
buildah "${options[@]}" config --cmd bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  --env PIP_CERT=$trusted "$container"
buildah "${options[@]}" commit --quiet --rm "$container" "$name"
