#!/usr/bin/env bash
# Leaderboards of every recipe, networks in their small versions, on six easy phantom people: shows that all run, and
# ranks nothing.
#     bash benchmarks/smoke_boards.sh WORK
# Run again after an interruption: each command goes on where it stopped. Writes results/smoke_new_lesion.tsv and
# results/smoke_rim.tsv. Some forty minutes on two cores.
set -euo pipefail

work=${1:?usage: smoke_boards.sh WORK}
results=$(dirname "$0")/results
jobs=${N_JOBS:-2}

mkdir -p "$work"
radiorim demo "$work/people" --people 6 --difficulty easy --spacing 2 --n-jobs "$jobs"
for task in new-lesion rim; do
    radiorim benchmark "$work/people" --task "$task" --all --profile smoke --crossvalidate 2 \
        -o "$work/board-$task" --n-jobs "$jobs"
    cp "$work/board-$task/leaderboard.tsv" "$results/smoke_${task//-/_}.tsv"
done
