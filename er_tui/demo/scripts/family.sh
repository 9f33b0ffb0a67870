#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# A parent with grandchildren. It waits for two of them and leaves a third one behind.

worker() {
    for step in 1 2 3 4 5 6; do
        echo "$1: step $step of 6"
        sleep 0.4
    done
}

echo "parent $$: two workers and a helper"
worker left &
left=$!
worker right &
right=$!
sleep 600 &
echo "parent: the helper is process $!, and nobody waits for it"
wait $left $right
echo "parent: both workers are done, good-bye"
