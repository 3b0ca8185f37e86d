#!/bin/sh
# Installs what the comparison needs from Debian: PostgreSQL 15 and PostGIS 3. Makes and starts no cluster.
set -eu

SUDO=
[ "$(id -u)" -eq 0 ] || SUDO="sudo -n"
export DEBIAN_FRONTEND=noninteractive

$SUDO apt-get update -qq
# The package would make a cluster of its own and start it.
$SUDO apt-get install -y -qq --no-install-recommends postgresql-common
$SUDO sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
$SUDO apt-get install -y -qq --no-install-recommends postgresql-15 postgresql-15-postgis-3
