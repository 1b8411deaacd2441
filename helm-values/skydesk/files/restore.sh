#!/bin/sh
# Bring SkyDesk's database back: restore.sh BACKUP, a folder that backup.sh made, into the empty database that PGHOST, ... name.
# Folders of jobs are not touched: their manifests are in manifests.tar.gz of the same backup.
set -eu
cd "$1"
sha256sum --check --quiet SHA256SUMS
tables=$(psql --no-psqlrc --quiet --tuples-only --no-align --command="SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
if [ "$tables" != 0 ]; then
    echo "the database $PGDATABASE is not empty ($tables tables); restore into a new one" >&2
    exit 1
fi
pg_restore --no-owner --exit-on-error --single-transaction --dbname="$PGDATABASE" database.dump
