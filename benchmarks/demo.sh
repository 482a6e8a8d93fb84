#!/usr/bin/env bash
# The whole way on a phantom cohort, as `make demo` runs it: cohort, new lesions, features, rim lesions, report.
#     bash benchmarks/demo.sh OUT
# Run again after an interruption: each command goes on where it stopped. No step touches the network.
set -euo pipefail

out=${1:?usage: demo.sh OUT}
jobs=${N_JOBS:-2}
data=$out/phantom
start=$(date +%s)

radiorim doctor
radiorim demo "$data" --people 10 --spacing 1.5 --n-jobs "$jobs"
radiorim detect "$data"/sub-01/ses-0{1,2}/anat/*_FLAIR.nii.gz -o "$out/new-lesions-of-sub-01"
radiorim extract-features "$data" -o "$out/features.tsv" --with-truth rim --n-jobs "$jobs"
radiorim classify "$data" --recipe rim-radiomics-boost --crossvalidate 5 -o "$out/rim" --n-jobs "$jobs"
radiorim report "$out/rim" --n-jobs "$jobs"
radiorim classify "$data" --recipe subtract-boost --crossvalidate 5 -o "$out/new-lesions" --n-jobs "$jobs"
radiorim evaluate --truth "$data" --found "$out/new-lesions"
radiorim report "$out/new-lesions" --n-jobs "$jobs"

figures() { awk -F'\t' '{ printf "  %-16s %.3f (%.3f - %.3f)\n", $2, $3, $4, $5 }'; }

echo
echo "Done in $(($(date +%s) - start)) s. Phantom data: it shows that everything works, not how well."
echo "Rim lesions:  $out/rim/group.html"
grep -E 'roc_auc|pr_auc|	f1	' "$out/rim/evaluation.tsv" | figures
echo "New lesions:  $out/new-lesions/group.html"
grep -E 'F1_score|SensL|PPVL|NbTested' "$out/new-lesions/evaluation.tsv" | figures
