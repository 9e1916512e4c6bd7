#!/usr/bin/env bash
#SBATCH --job-name=rbptune
#SBATCH --ntasks=16              # workers, one core each, on as many nodes as it takes
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@60       # a minute before the time is up, the search stops in order
#SBATCH --requeue                # after a preemption, the same job goes on
#SBATCH --open-mode=append
#
# A search on a Slurm cluster: a Dask scheduler, its workers and the driver in one job. Submit it from an
# environment that has rbptune, with the arguments of rbptune launch; submit it again to go on.
#
#     sbatch --ntasks 32 slurm.sh RBFOX1 HuR --arch cnn --trials 200 --data DATA --workspace STUDIES
#
# Data and workspace are read by the driver alone. Where the job is running, look at it from its own node,
# since the database may not be opened from two hosts at once:
#
#     srun --jobid JOB --overlap --ntasks 1 rbptune status --workspace STUDIES
set -euo pipefail

# Whoever reaches a Dask scheduler can run code as you: only holders of this job's certificate may.
pem=$(openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=rbptune -keyout - -out - 2>/dev/null)
for role in SCHEDULER WORKER CLIENT; do
    export "DASK_DISTRIBUTED__COMM__TLS__${role}__CERT=$pem" "DASK_DISTRIBUTED__COMM__TLS__${role}__KEY=$pem"
done
export DASK_DISTRIBUTED__COMM__TLS__CA_FILE="$pem" DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION=True
# Dask's servers of pages ask for no certificate; without pages they give nothing away.
export DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES='[]' DASK_DISTRIBUTED__WORKER__HTTP__ROUTES='[]'

# The address comes by a file on this node and goes to the others as an argument: no shared disk is needed.
export DASK_LOGGING__DISTRIBUTED=warning
notes=$(mktemp -d)
dask scheduler --protocol tls --port 0 --no-dashboard --dashboard-address 127.0.0.1:0 \
    --scheduler-file "$notes/scheduler.json" &
until grep -qs '"workers"' "$notes/scheduler.json"; do sleep 0.2; kill -0 $!; done
address=$(python -c 'import json, sys; print(json.load(open(sys.argv[1]))["address"])' "$notes/scheduler.json")
rm -r "$notes"

srun --kill-on-bad-exit=0 dask worker "$address" --nthreads 1 --no-dashboard \
    --dashboard-address 127.0.0.1:0 --death-timeout 120 --local-directory "${TMPDIR:-/tmp}" &

# In the place of this shell, so that Slurm's signals reach it; when it ends, Slurm ends the rest.
exec rbptune launch "$@" --scheduler "$address"
