#!/bin/sh
# Runs a Poolhouse server and s3.py, which starts MinIO once it knows the identity
# pool: MinIO's client of an issuer is the pool. Usage:
#   minio.sh POOLHOUSE MINIO POOLHOUSE_ADDRESS MINIO_ADDRESS DIRECTORY
set -eu
poolhouse=$1 minio=$2 address=$3 s3=$4 dir=$5
here=$(cd "$(dirname "$0")" && pwd)

"$poolhouse" key make "$dir/master.key" >/dev/null
"$poolhouse" access-key create admin --data "$dir" >"$dir/admin.env"
"$poolhouse" serve --data "$dir" --addr "$address" --public-url "http://$address" --sts-url "http://$s3" \
	>"$dir/poolhouse.log" 2>&1 &
trap 'kill $! 2>/dev/null || true; wait' EXIT

# shellcheck disable=SC1091
. "$dir/admin.env"
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
POOLHOUSE=http://$address S3=http://$s3 MINIO=$minio DIRECTORY=$dir python3 "$here/s3.py"
