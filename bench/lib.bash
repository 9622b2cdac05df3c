# What the lanes share: measuring two sides by turns, writing down what came out, a database with people in it, plain copies
# of our tables. To be sourced by bench/run, which sources the lanes.
# shellcheck shell=bash

# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/common.sh"

# ---- how much is measured ----

RESULTS=${RESULTS:-bench/results}
CORES=$(nproc)
TICKS=$(getconf CLK_TCK)

# How many rounds, how many seconds for each side of a round, and among how many users; --quick has less of all, and one
# number of clients where there would be several.
QUICK=false
set_measure() {
	if $QUICK; then
		ROUNDS=${ROUNDS:-3} SLICE=${SLICE:-1} USERS=${USERS:-2000}
	else
		ROUNDS=${ROUNDS:-5} SLICE=${SLICE:-3} USERS=${USERS:-20000}
	fi
	LENGTH=(--time="$SLICE")
}

# Print the arguments, which have no spaces, with --quick only the last.
some_of() {
	if $QUICK; then echo "${!#}"; else echo "$@"; fi
}

# ---- what the processes of the server cost ----

# Print the lines of /proc/PID/stat, their names in parentheses taken out, of the server's postmaster, of the web servers
# beside it and of all below them.
server_processes() {
	{ cat /proc/[0-9]*/stat 2>/dev/null || true; } | sed 's/(.*) //' | awk -v pids="$(
		head -q -n 1 "$PGDATA/postmaster.pid" "$PGHOST"/web/*.pid | xargs
	)" '
		BEGIN { split(pids, list); for (i in list) root[list[i]] }
		{ parent[$1] = $3; line[$1] = $0 }
		END {
			for (pid in line) {
				for (p = pid; p > 1 && !(p in root); p = parent[p]);
				if (p in root) print line[pid]
			}
		}'
}

# Print how many ticks of CPU these have spent, in processes that have ended too.
server_ticks() {
	server_processes | awk '{ ticks += $13 + $14 + $15 + $16 } END { print ticks + 0 }'
}

# Print how many KiB of memory are the server's own: not a file's, and not shared.
server_memory() {
	server_processes | awk '{ print "/proc/" $1 "/status" }' | { xargs cat 2>/dev/null || true; } |
		awk '/^RssAnon:/ { kib += $2 } END { print kib + 0 }'
}

# ---- sides: commands that print calls, seconds, and seconds of CPU ----

# Run pgbench as the application on a script of bench/sql, or on several joined by +, as one; they know the ids of the database;
# more arguments are pgbench's.
run_pgbench() {
	local script=$1 parts
	IFS=+ read -ra parts <<<"$1"
	shift
	parts=("${parts[@]/#/bench/sql/}")
	cat "${parts[@]/%/.sql}" >"$NOTES/script.sql"
	pgbench --username="${CALLER:-shop}" --no-vacuum --protocol=prepared --random-seed=rand "${DEFINITIONS[@]}" "$@" \
		--file="$NOTES/script.sql" >"$NOTES/pgbench" 2>&1 || {
		cat "$NOTES/pgbench" >&2
		die "pgbench failed at $script"
	}
}

# Have so many clients call a script for a slice of time; more arguments are pgbench's.
calls() {
	local clients=$1 script=$2 before after
	shift 2
	before=$(server_ticks)
	run_pgbench "$script" --client="$clients" --jobs="$((clients < CORES ? clients : CORES))" "${LENGTH[@]}" "$@"
	after=$(server_ticks)
	awk -v cpu="$(((after - before) * 1000000 / TICKS))" '
		/^number of transactions actually processed:/ { calls = $NF + 0 }
		/^tps = / { tps = $3 }
		END { if (!tps) exit 1; printf "%d %.6f %.6f\n", calls, calls / tps, cpu / 1e6 }' "$NOTES/pgbench" ||
		die "pgbench made no call of $script"
}

# Have so many clients call a script so often each, where :n is another number for each call of all rounds, from 1 on.
numbered_calls() {
	local clients=$1 each=$2 script=$3 LENGTH=(--transactions="$2")
	calls "$clients" "$script" --define=i=0 --define=clients="$clients" --define=from="$(((ROUND - 1) * clients * each))"
}

# Run a loop in C, bench/NAME.c, for a slice of time; arguments are its own, SLICE standing for the seconds.
bare() {
	local name=$1
	shift
	[[ -x $WORK/$name ]] || cc -O2 -o "$WORK/$name" "bench/$name.c" -lsodium
	"$WORK/$name" "${@/SLICE/$SLICE}" | awk '{ print $2, $4, $6 }'
}

# ---- instructions of the processor ----

# Start the server again under valgrind, which counts while a statement that a client has prepared runs; not what a password's
# hash takes at a login.
start_counted() {
	cluster_stop
	as_server valgrind --tool=callgrind --trace-children=yes --toggle-collect=PortalRun --toggle-collect=password_verify \
		--callgrind-out-file="$PGHOST/counts.%p" postgres -D "$PGDATA" >>"$SERVER_LOG" 2>&1 &
	until pg_isready --quiet; do # which asks nothing that would be counted
		kill -0 $! || die "the server does not start under valgrind: $(tail -n 5 "$SERVER_LOG")"
		sleep 0.1
	done
}

# Start the server again without.
stop_counted() {
	cluster_stop
	wait
	cluster_start
}

# Print what was counted of the one session that has ended since nothing was counted; fail if it still lasts.
counted() {
	awk '/^totals:/ && $2 > 0 { print $2; found = 1 } END { exit !found }' "$PGHOST"/counts.* 2>/dev/null
}

# Print how many instructions so many calls of a script take in a session of their own; more arguments are pgbench's.
count_calls() {
	local script=$1 count=$2
	shift 2
	rm -f "$PGHOST"/counts.*
	run_pgbench "$script" --transactions="$count" --define=i=0 --define=clients=1 "$@"
	until counted; do sleep 0.05; done
}

# Print how many instructions a call of a script takes in a session that has made such calls before; more arguments are
# pgbench's. Scripts that want a number in :n are given another for each call, from 1 on.
count_call() {
	local script=$1 few=$2 many=$((2 * $2)) before after
	shift 2
	count_calls "$script" 1 --define=from=0 "$@" >/dev/null # what is done once in a cluster
	before=$(count_calls "$script" "$few" --define=from=1 "$@")
	after=$(count_calls "$script" "$many" --define=from=$((1 + few)) "$@")
	echo $(((after - before) / (many - few)))
}

# ---- writing down ----

# Print what the samples of a case come to, as people read it.
tell() {
	jq -L bench --slurp --raw-output --arg lane "$LANE" --arg case "$1" --arg against "$2" --from-file bench/tell.jq "$SAMPLES"
}

# Write down one sample of a case.
sample() {
	jq --null-input --compact-output --arg lane "$LANE" --arg case "$1" --arg against "$2" --arg reach "$3" "$4" >>"$SAMPLES"
}

# Print a side's sample as JSON.
as_json() {
	awk '{ printf "{\"calls\": %s, \"seconds\": %s, \"cpu\": %s}", $1, $2, $3 }' <<<"$1"
}

# Measure two sides by turns, each first in every other round: a case, what ours is compared with, the ratio to reach
# (">= 1.15", or nothing), our command and the other.
compare() {
	local case=$1 against=$2 reach=$3 us them our_sample their_sample ROUND
	read -ra us <<<"$4"
	read -ra them <<<"$5"
	printf '  %-64s' "$case, against $against"
	for ((ROUND = 1; ROUND <= ROUNDS; ROUND++)); do
		((ROUND % 2)) || their_sample=$("${them[@]}")
		our_sample=$("${us[@]}")
		((ROUND % 2 == 0)) || their_sample=$("${them[@]}")
		sample "$case" "$against" "$reach" \
			"{\$lane, \$case, \$against, \$reach, ours: $(as_json "$our_sample"), theirs: $(as_json "$their_sample")}"
	done
	tell "$case" "$against"
}

# Write down a figure that is no ratio of speeds: a case, its unit, what to reach ("<= 102", or nothing), and the value, of
# which the median of all that are written down for the case counts.
note_value() {
	sample "$1" "$2" "$3" "{\$lane, \$case, unit: \$against, \$reach, value: $4}"
}

# Print the newest result of all lanes.
newest_result() {
	local files=("$RESULTS"/????-??-??.json)
	((${#files[@]})) || die 'there is no result of all lanes: bench/run makes one'
	echo "${files[-1]}"
}

# ---- something to measure ----

# Ids that the scripts of pgbench know, as they know a ready hash, the password of all users and how many there are.
REALM=00000000-0000-7000-8000-000000000001
# shellcheck disable=SC2016
HASH='$argon2id$v=19$m=19456,t=2,p=1$aXNvbGF0aW9uLXNhbHQtMQ$YSB0YWcgb2YgdGhpcnR5LXR3byBieXRlcywgYSB0YWc'
PASSWORD='correct horse battery staple'
define() {
	local app number=1
	DEFINITIONS=(--define=realm="$REALM" --define=hash="$HASH" --define=password="$PASSWORD" --define=count="$USERS")
	for app in users orgs tokens quiet; do
		number=$((number + 1))
		DEFINITIONS+=(--define="$app=${REALM%1}$number")
	done
}

# Make the database that the lanes' are copies of.
make_people() {
	createdb people &&
		query --dbname=people --command="$CREATE_EXTENSION" &&
		query --dbname=people --set=users="$USERS" --set=password="$PASSWORD" --file=bench/sql/people.sql
}

# Stop the server and remove it, where the directory is somebody else's.
remove_cluster() {
	stop_beside "$PGHOST"
	cluster_stop || true
	wait
	rm -rf "$PGHOST" "$NOTES"
}

# Make the machine ready, build, and make a server with people on it; more arguments are packages that it takes. Inside
# scripts/test all but the server is there.
begin() {
	if [[ ${WORK:-} ]]; then
		trap remove_cluster EXIT
		trap 'exit 143' INT TERM HUP
	else
		open_work close_work
		say 'Making ready'
		prepare_machine
		need_packages 'what measuring takes' jq "$@"
		build
	fi
	NOTES=$(mktemp -d "$WORK/notes.XXXXXX")
	SAMPLES=$NOTES/samples
	touch "$SAMPLES"
	define
	step 'Making a private cluster' cluster_make "bench.$$" autovacuum=off shared_buffers=512MB max_wal_size=8GB
	step "Making $USERS users" make_people
}

# Use a database of the lane's own, with people in it.
lane_database() {
	export PGDATABASE=lane_$LANE
	createdb --template=people "$PGDATABASE"
	query --file=bench/sql/filled.sql
}

# Make plain copies of our tables, floor or today, as they are now, and have the server ready to be measured.
lane_ready() {
	local copy
	for copy; do query --set=copy="$copy" --file=bench/sql/copy.sql; done
	query --command='VACUUM ANALYZE' --command='CHECKPOINT'
}

# Remove the lane's database.
drop_lane_database() {
	[[ $PGDATABASE == postgres ]] || dropdb --maintenance-db=postgres --force "$PGDATABASE"
}

# Have two scripts called ten times, ours and one that is to write the same into the copies named, and fail unless the same
# rows came of it, the same columns of them filled; more arguments are pgbench's.
same_rows() {
	local copy=$1 script
	query --command='SELECT bench.remember()' >/dev/null
	for script in "$2" "$3"; do run_pgbench "$script" --transactions=10 "${@:4}"; done
	query --set=copy="$copy" --file=bench/sql/differences.sql >"$NOTES/differences"
	[[ ! -s $NOTES/differences ]] || die "$2 and $3 do not write the same: $(<"$NOTES/differences")"
}
