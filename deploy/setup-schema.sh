#!/bin/sh
# Creates or upgrades Temporal's two databases. SQL_* come from the environment; every step may be repeated.
set -eu

schema=/etc/temporal/schema/postgresql/v12

set_up() {
  temporal-sql-tool --db "$1" create
  temporal-sql-tool --db "$1" setup-schema -v 0.0
  temporal-sql-tool --db "$1" update-schema -d "$schema/$2/versioned"
}

set_up temporal temporal
set_up temporal_visibility visibility
