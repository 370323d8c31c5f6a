#!/bin/sh
# Runs a Poolhouse server, versitygw and s3.py in network and mount namespaces of
# their own: versitygw takes only issuers that are at https on port 443 of an address
# that is neither loopback nor private. Usage:
#   unshare -nm versitygw.sh POOLHOUSE VERSITYGW DIRECTORY
set -eu
poolhouse=$1 versitygw=$2 dir=$3
here=$(cd "$(dirname "$0")" && pwd)
host=id.poolhouse.test

ip link set lo up
ip addr add 203.0.113.10/32 dev lo
printf '127.0.0.1 localhost\n203.0.113.10 %s\n' "$host" >"$dir/hosts"
mount --bind "$dir/hosts" /etc/hosts

pids=
trap 'kill $pids 2>/dev/null || true; wait' EXIT
start() { # NAME COMMAND...
	name=$1
	shift
	"$@" >"$dir/$name.log" 2>&1 &
	pids="$pids $!"
}

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$host" -addext "subjectAltName=DNS:$host" \
	-keyout "$dir/tls.key" -out "$dir/tls.crt" 2>/dev/null
"$poolhouse" key make "$dir/master.key" >/dev/null
"$poolhouse" access-key create admin --data "$dir" >"$dir/admin.env"

start iam "$versitygw" --port 127.0.0.1:7076 --access root --secret root-secret-key --quiet \
	iam --dir "$dir/iam" --private-ports "$dir/iam.sock"
start s3 "$versitygw" --port 127.0.0.1:7070 --access root --secret root-secret-key --quiet \
	--iam-standalone-endpoint "$dir/iam.sock" posix --nometa "$dir/s3"
start poolhouse "$poolhouse" serve --data "$dir" --addr 203.0.113.10:80 --tls-addr 203.0.113.10:443 \
	--tls-cert "$dir/tls.crt" --tls-key "$dir/tls.key" --public-url "https://$host" --sts-url http://127.0.0.1:7076

# shellcheck disable=SC1091
. "$dir/admin.env"
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
export AWS_CA_BUNDLE="$dir/tls.crt" NODE_EXTRA_CA_CERTS="$dir/tls.crt" SSL_CERT_FILE="$dir/tls.crt"
POOLHOUSE=https://$host STS=http://127.0.0.1:7076 S3=http://127.0.0.1:7070 \
	CERTIFICATE=$dir/tls.crt python3 "$here/s3.py"
