#!/bin/sh
# Back up SkyDesk: backup.sh JOBS_FOLDER BACKUP_FOLDER KEEP_DAYS. The database is the one that PGHOST, PGDATABASE, ... name.
# First the database, then what the folders of jobs say of themselves: a job that is made in between is missing from both or has no files.
set -eu
jobs=$1 backups=$2 keep_days=$3

name=$(date -u +%Y-%m-%dT%H%M%SZ)
part="$backups/.$name.part"
mkdir "$part"
trap 'rm -rf "$part"' EXIT

pg_dump --format=custom --no-owner --file="$part/database.dump"
pg_restore --list "$part/database.dump" >/dev/null

(cd "$jobs" && find . -type f \( -name request.json -o -name manifest.json \) -print0 | sort -z) >"$part/files"
tar --create --gzip --file="$part/manifests.tar.gz" --directory="$jobs" --null --files-from="$part/files" --ignore-failed-read
rm "$part/files"
(cd "$part" && sha256sum database.dump manifests.tar.gz >SHA256SUMS)

mv "$part" "$backups/$name"
find "$backups" -mindepth 1 -maxdepth 1 -type d -name '20*T*Z' -mtime "+$keep_days" -exec rm -rf {} +
echo "$backups/$name"
