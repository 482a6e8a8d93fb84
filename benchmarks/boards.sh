#!/usr/bin/env bash
# Leaderboards of the classical recipes on 30 phantom people: new lesions at three levels of difficulty, and rims.
#     bash benchmarks/boards.sh WORK
# Run again after an interruption: each command goes on where it stopped. Writes results/board_new_lesion.tsv and
# results/board_rim.tsv. Some two hours on two cores.
set -euo pipefail

work=${1:?usage: boards.sh WORK}
results=$(dirname "$0")/results
jobs=${N_JOBS:-2}
new=subtract,subtract-boost,ucl-bsi-stage1,chuv-subtraction-radiomics,icm-ratio-only
rim=aprl1,aprl2,rim-radiomics-boost

mkdir -p "$work"
: > "$work/new.tsv"
for level in easy medium hard; do
    radiorim demo "$work/$level" --people 30 --difficulty "$level" --spacing 1.5 --flair-only --n-jobs "$jobs"
    radiorim benchmark "$work/$level" --task new-lesion --recipes "$new" -o "$work/board-$level" --n-jobs "$jobs"
    awk -v level="$level" 'NR == 1 { level_or_name = "difficulty" } NR > 1 { level_or_name = level }
        { print level_or_name "\t" $0 }' "$work/board-$level/leaderboard.tsv" >> "$work/new.tsv"
done
awk 'NR == 1 || $1 != "difficulty"' "$work/new.tsv" > "$results/board_new_lesion.tsv"

radiorim demo "$work/rim" --people 30 --n-jobs "$jobs"
radiorim benchmark "$work/rim" --task rim --recipes "$rim" -o "$work/board-rim" --n-jobs "$jobs"
cp "$work/board-rim/leaderboard.tsv" "$results/board_rim.tsv"
