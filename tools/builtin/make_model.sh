#!/usr/bin/env bash
# Makes the built-in model from its sources: make_model.sh [OUT.gguf]      (default: assets/models/built-in.gguf)
# About two and a half hours on two cores; killed and started again, it goes on where it was.
#   DATA=…      a folder with classification/ (see README.md)            (default: ../shared/data)
#   MINUTES=…   of training before the learning rate goes down           (default: 90)
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-assets/models/built-in.gguf}
data=${DATA:-../shared/data}
work=build/built-in-model
say() { printf 'make_model: %s\n' "$*" >&2; }

[ -d "$data/classification" ] || { say "$data has no classification/; set DATA"; exit 3; }
tools/setup.sh train
tools/build.sh release builtin-material zubr-vocabulary zubr-train
programs=$PWD/build/release/tools
mkdir -p "$work"

# --- Debian's packages: sections, descriptions, their Polish translations ---------------------------------------------
if [ ! -s "$work/descriptions.pl.txt" ]; then
  say "reading Debian's package lists"
  lists=$PWD/$work/lists
  mkdir -p "$lists/partial"
  apt-get update -qq -o "Dir::State::lists=$lists" -o 'Acquire::Languages=en,pl' -o APT::Sandbox::User=root
  indexes() { find "$lists" -name "*_$1*" -type f ! -name '*security*' ! -name '*updates*'; }
  for file in $(indexes main_binary-amd64_Packages); do /usr/lib/apt/apt-helper cat-file "$file"; done |
    grep -E '^(Package|Section): ' > "$work/packages.txt"
  for language in en pl; do
    for file in $(indexes "main_i18n_Translation-$language"); do /usr/lib/apt/apt-helper cat-file "$file"; done |
      grep -E "^(Package|Description-$language): " > "$work/descriptions.$language.txt"
  done
fi

# --- material and vocabulary ------------------------------------------------------------------------------------------
if [ ! -s "$work/vocabulary.gguf" ]; then
  say "writing the material"
  "$programs/builtin/builtin-material" --data "$data" --packages "$work" --words tools/builtin/words -o "$work" \
    --samples 250000 --seed 5
  "$programs/train/zubr-vocabulary" "$work/vocabulary.txt" -o "$work/vocabulary.gguf" --size 12288
fi

# --- training ---------------------------------------------------------------------------------------------------------
export OMP_WAIT_POLICY=passive
train() {  # train STEPS DECAY_FROM
  "$programs/../zubr-train" pretrain --vocabulary "$work/vocabulary.gguf" --data "$work/train.jsonl" \
    --checkpoint "$work/model.ckpt" --log "$work/train.log" \
    --contrast 500000 --contrast-rate 0.4 --contrast-sharpness 32 \
    --layers 4 --heads 4 --kv-heads 4 --feed-forward 640 --rope-base 100000 --untied \
    --rows 12 --row-length 256 --rate 2e-3 --embedding-rate 0.1 --beta2 0.99 --warm-up 60 --weight-decay 0.05 \
    --dropout 0.05 --full-share 0.1 --checkpoint-every 50 --level --steps "$1" --decay-from "$2" --seed 7
}
if [ ! -s "$work/level.done" ]; then
  say "training with a level rate for ${MINUTES:-90} minutes"
  status=0
  timeout --signal=INT "$((60 * ${MINUTES:-90}))" bash -c "$(declare -f train)
    programs=$programs work=$work; train 1000000 999999" || status=$?
  case $status in 0|124|130) ;; *) exit "$status" ;; esac
  tail -n 1 "$work/train.log" | sed 's/.*"step":\([0-9]*\).*/\1/' > "$work/level.done"
fi
level=$(cat "$work/level.done")
say "training down to zero from step $level"
train $((level + level / 4)) "$level"

"$programs/../zubr-train" measure --vocabulary "$work/vocabulary.gguf" --model "$work/model.ckpt" \
  --questions "$work/held-out.jsonl"
"$programs/../zubr-train" export --vocabulary "$work/vocabulary.gguf" --checkpoint "$work/model.ckpt" -o "$out" \
  --type q8_0 --name zubr-built-in
say "wrote $out"
