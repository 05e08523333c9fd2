#!/bin/sh
# Creates the namespace when it does not exist. TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE come from the environment.
set -eu

tries=0
until temporal operator cluster health; do
  tries=$((tries + 1))
  [ "$tries" -lt 30 ] || exit 1
  sleep 2
done
temporal operator namespace describe -n "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --retention "$RETENTION" -n "$TEMPORAL_NAMESPACE"
