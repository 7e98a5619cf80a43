#!/bin/bash
#SBATCH --job-name=ttsft
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=4
#SBATCH --mem=32G
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=ttsft-%j.log
# A run of `ttsft` on a cluster with Slurm. From the folder that has or gets `outputs/`, on a disk that all nodes see:
#   sbatch launch/slurm.sh kurmanji-mms source.path=/data/kmr base=/models/mms-tts-kmr
# All that stands behind the script is given to `ttsft run`. Another length: sbatch --time=01:00:00 launch/slurm.sh ...
#
# Before the time of the job is over, training saves its state and stops; the job then queues itself again and goes on from there. So a training of
# days runs in jobs of hours. The same happens when the cluster takes the job off a node. Variables, given before `sbatch`:
#   TTSFT          the command; `ttsft` when not given, e.g. ttsft/.venv/bin/ttsft
#   TTSFT_MARGIN   seconds before the end of the job at which training stops; 600 when not given
#   TTSFT_STOP_AT  a time of training after which it stops whatever the job has left, e.g. 30m
#   TTSFT_STARTS   how often the job may begin; 100 when not given, so that a job that gets nowhere ends
set -u
command=${TTSFT:-ttsft}
again=75 # the exit code that says: stopped, and saved

if [ $# -eq 0 ]; then
  echo "Name a recipe: sbatch launch/slurm.sh RECIPE [key=value ...]" >&2
  exit 2
fi

stop_at=${TTSFT_STOP_AT:-}
if [ -z "$stop_at" ]; then
  end=$(scontrol show job "$SLURM_JOB_ID" | sed -n 's/.* EndTime=\([0-9T:-]*\) .*/\1/p' | head -n 1)
  if [ -n "$end" ]; then
    left=$(($(date -d "$end" +%s) - $(date +%s) - ${TTSFT_MARGIN:-600}))
    [ "$left" -lt 60 ] && left=60
    stop_at=${left}s
  fi
fi

begun=$((${SLURM_RESTART_COUNT:-0} + 1))
echo "ttsft: start $begun of job $SLURM_JOB_ID on $(hostname), training stops after ${stop_at:-no limit}"
# A signal to this script is handed on, and waited for: `wait` returns at once when one comes
"$command" run "$@" ${stop_at:+"train.stop_at=$stop_at"} --stopped "$again" &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM
while kill -0 "$child" 2>/dev/null; do wait "$child"; done
wait "$child"
code=$?

# 143: a step that is no training was stopped by a signal; what is whole stays, and the step begins anew
if [ "$code" -eq "$again" ] || [ "$code" -eq 143 ]; then
  if [ "$begun" -ge "${TTSFT_STARTS:-100}" ]; then
    echo "ttsft: stopped for good after $begun starts. sbatch the same again to go on." >&2
    exit "$again"
  fi
  echo "ttsft: the job queues itself again"
  trap - TERM
  # Slurm ends this script now; one that ends by itself at the same moment may be taken for a job that failed
  scontrol requeue "$SLURM_JOB_ID" && sleep 60 && exit 0
fi
exit "$code"
