# What the tests of this folder share: TAP, a cluster of their own, waiting, sessions, something to sign up with.
# To be sourced. Each test runs by itself too, once the extension is installed.
# shellcheck shell=bash

# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

# A ready hash, so that a test of something else need not wait for argon2.
# shellcheck disable=SC2016,SC2034
HASH='$argon2id$v=19$m=19456,t=2,p=1$aXNvbGF0aW9uLXNhbHQtMQ$YSB0YWcgb2YgdGhpcnR5LXR3byBieXRlcywgYSB0YWc'

# No wait is meant to come near this; it only ends what would otherwise hang.
PATIENCE=60

# ---- TAP ----

tests=0
failures=0

# Say how many tests there will be.
plan() {
	echo "1..$1"
}

# Print a diagnostic.
diag() {
	# shellcheck disable=SC2001 # every line
	sed 's/^/# /' <<<"$*"
}

# Report a test, passed if the command after its description succeeds.
ok() {
	local what=$1 verdict='ok'
	shift
	"$@" || verdict='not ok'
	tests=$((tests + 1))
	echo "$verdict $tests - $what"
	[[ $verdict == ok ]] || failures=$((failures + 1))
}

# Report a test, passed if what was got is what was expected.
is() {
	local what=$1 got=$2 expected=$3
	ok "$what" test "$got" = "$expected"
	if [[ $got$expected == *$'\n'* ]]; then
		[[ $got == "$expected" ]] || diag "$(diff --label=expected --label=got -u <(echo "$expected") <(echo "$got"))"
	else
		[[ $got == "$expected" ]] || diag "got:      $got"$'\n'"expected: $expected"
	fi
}

# Report a test, passed if what was got matches a regular expression.
like() {
	local what=$1 got=$2 pattern=$3
	if [[ $got =~ $pattern ]]; then
		ok "$what" true
	else
		ok "$what" false
		diag "got:      $got"$'\n'"expected: $pattern"
	fi
}

# ---- a cluster of the test's own ----

clusters=()

# Make a cluster for this test, with the settings given (name=value), and use it.
new_cluster() {
	local name=${0##*/}${#clusters[@]}
	clusters+=("$WORK/$name")
	cluster_make "$name" fsync=off "$@" >"$SCRATCH/$name.made" 2>&1 || {
		diag "$(cat "$SCRATCH/$name.made")"
		return 1
	}
}

# Use the cluster with this number, counted from 0.
use_cluster() {
	export PGHOST=${clusters[$1]} PGDATA=${clusters[$1]}/data SERVER_LOG=${clusters[$1]}/log
}

# Print the process id of the cluster's postmaster.
postmaster() {
	head -n 1 "$PGDATA/postmaster.pid"
}

# Stop what this test started and free its disk; the logs stay for whoever called.
clean_up() {
	local cluster
	trap '' INT TERM HUP
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null || true
	for cluster in "${clusters[@]}"; do
		stop_beside "$cluster"
		[[ ! -e $cluster/data/postmaster.pid ]] ||
			as_server pg_ctl stop --silent --mode=immediate --pgdata="$cluster/data" || true
		rm -rf "$cluster/data"
	done
	rm -rf "$SCRATCH"
	((tests == 0 || !failures)) || echo "# $failures of $tests failed"
}

# ---- asking the server ----

# Print the SQLSTATE with which the statements given fail, 00000 if they succeed, or the end of what psql said.
outcome() {
	local out
	if out=$(query --set=VERBOSITY=sqlstate "$@" 2>&1 >/dev/null); then
		echo 00000
	else
		sed -nE 's/^.*(ERROR|FATAL): +//p' <<<"$out" | grep . | tail -n 1 || tail -n 1 <<<"$out"
	fi
}

# Wait until a command succeeds.
wait_until() {
	local deadline=$((SECONDS + PATIENCE))
	until "$@"; do
		if ((SECONDS > deadline)); then
			diag "waited in vain for: $*"
			return 1
		fi
		sleep 0.05
	done
}

# Tell whether a query returns true.
holds() {
	[[ $(query --command="SELECT $1" 2>/dev/null) == t ]]
}

# Wait until a query returns true.
wait_for() {
	wait_until holds "$1"
}

# Cancel or terminate whatever an application is just doing, at random, so many times; print how many were hit.
strike() {
	query --set=application="$1" --set=rounds="$2" --set=patience="${PATIENCE}s" <<-'SQL'
		SET statement_timeout = :'patience';
		CREATE FUNCTION pg_temp.strike(application text, rounds int) RETURNS int AS $$
		DECLARE
			struck int := 0;
			hit boolean;
		BEGIN
			WHILE struck < rounds LOOP
				PERFORM pg_stat_clear_snapshot(), pg_sleep(random() * 0.02);
				SELECT CASE WHEN random() < 0.5 THEN pg_cancel_backend(pid) ELSE pg_terminate_backend(pid) END INTO hit
				FROM (SELECT pid FROM pg_stat_activity
					WHERE application_name = application AND state = 'active' ORDER BY random() LIMIT 1) victim;
				struck := struck + coalesce(hit, false)::int;
			END LOOP;
			RETURN struck;
		END $$ LANGUAGE plpgsql;
		SELECT pg_temp.strike(:'application', :rounds);
	SQL
}

# ---- sessions that stay open ----

declare -A session_in session_pid session_backend

# Open a session; more arguments are psql's.
open_session() {
	local name=$1 fd
	shift
	rm -f "$SCRATCH/$name.in"
	mkfifo "$SCRATCH/$name.in"
	echo 0 >"$SCRATCH/$name.asked"
	psql --no-psqlrc --quiet --no-align --tuples-only --set=VERBOSITY=sqlstate "$@" \
		<"$SCRATCH/$name.in" >"$SCRATCH/$name.out" 2>&1 &
	session_pid[$name]=$!
	exec {fd}>"$SCRATCH/$name.in"
	session_in[$name]=$fd
	tell "$name" 'SELECT pg_backend_pid();'
	# shellcheck disable=SC2034 # the tests send signals to it
	session_backend[$name]=$(answer "$name")
}

# Have a session do something, without waiting for it. How often it was told lies in a file, since what a subshell counts,
# as that of $(ask …), is forgotten with it; an answer to something earlier would be taken for this one's.
tell() {
	local number
	number=$(($(cat "$SCRATCH/$1.asked") + 1))
	echo "$number" >"$SCRATCH/$1.asked"
	printf '%s\n\\echo done %d\n' "$2" "$number" >&"${session_in[$1]}"
}

# Tell whether a session has done what it was told last, or is gone.
answered() {
	grep -qx "done $(cat "$SCRATCH/$1.asked")" "$SCRATCH/$1.out" || ! kill -0 "${session_pid[$1]}" 2>/dev/null
}

# Wait for what a session was told last, and print what it answered to that.
answer() {
	local number
	number=$(cat "$SCRATCH/$1.asked")
	wait_until answered "$1"
	awk -v last="done $number" '$0 == last { exit } /^done [0-9]+$/ { said = ""; next } { said = said $0 "\n" }
		END { printf "%s", said }' "$SCRATCH/$1.out"
}

# Have a session do something, and print its answer.
ask() {
	tell "$1" "$2"
	answer "$1"
}

# End a session.
close_session() {
	local fd=${session_in[$1]}
	(echo '\q' >&"$fd") 2>/dev/null || true # in a subshell: if the session is gone, SIGPIPE takes only that
	exec {fd}>&-
	wait "${session_pid[$1]}" 2>/dev/null || true # not a child where an answer is being captured
}

# ---- something to sign up with ----

# Make a realm and an app in it, and remember them: REALM, APP.
make_realm() {
	REALM=$(query --command="INSERT INTO arsignup.realms (name) VALUES ('${1:-test}') RETURNING id")
	APP=$(query --set=realm="$REALM" --set=slug="${1:-test}" <<-'SQL'
		INSERT INTO arsignup.connected_apps (realm_id, name, slug, login_handler)
		VALUES (:'realm', 'Test', :'slug', 'https://app.example/login') RETURNING id
	SQL
	)
}

# Print a new signup token for an email; more arguments are SQL arguments of mint_signup_token.
mint() {
	query --set=app="$APP" --set=email="$1" --set=hash="$HASH" <<-SQL
		SELECT arsignup.mint_signup_token(:'app', email => :'email', password_hash => :'hash'${2:+, $2})
	SQL
}

# Print the state of a token.
token_state() {
	query --set=token="$1" <<-'SQL'
		SELECT state FROM arsignup.get_signup_token(:'token')
	SQL
}

# Redeem a token and print the outcome.
redeem() {
	outcome --set=token="$1" <<-'SQL'
		SELECT arsignup.redeem_signup_token(:'token')
	SQL
}

# ---- events that are delivered ----

# Let what was put aside, but not given up, be due now.
be_due() {
	query --command='UPDATE arsignup.failed_deliveries SET retry_at = now() WHERE retry_at IS NOT NULL'
}

# ---- signups that are told to clients ----

LOAD_CLIENTS=4
LOAD_SIGNUPS=400

# Print work for a client, without an end: signups, each told once it is acknowledged, with its login token.
load_work() {
	local i
	printf '\\set app %s\n\\set hash %s\n' "$APP" "$HASH"
	for ((i = 1; ; i++)); do
		printf '\\set email %s.%d@load.example\n' "$1" "$i"
		echo "SELECT user_id, token FROM arsignup.signup(:'app', :'email', password_hash => :'hash') \\gset"
		echo '\echo :email :user_id :token'
	done
}

# Put the cluster under load, until it dies.
start_load() {
	local client
	load_clients=()
	for ((client = 1; client <= LOAD_CLIENTS; client++)); do
		(load_work "c$client" 2>/dev/null || true) | query --no-readline >"$SCRATCH/acknowledged.$client" 2>"$SCRATCH/load.$client" &
		load_clients+=($!)
	done
}

# Tell whether enough signups were acknowledged.
is_loaded() {
	(($(cat "$SCRATCH"/acknowledged.* | wc -l) >= LOAD_SIGNUPS))
}

# Wait until the clients of a cluster that died have noticed.
end_load() {
	local client
	for client in "${load_clients[@]}"; do wait "$client" || true; done
}

# Five tests: the cluster in use has all that was acknowledged, whole, and no more than was under way.
test_acknowledged() {
	cat "$SCRATCH"/acknowledged.* | awk 'NF == 3' >"$SCRATCH/acknowledged"
	query <<-SQL
		CREATE TABLE acknowledged (email text, user_id uuid, token text);
		\\copy acknowledged FROM '$SCRATCH/acknowledged' WITH (DELIMITER ' ')
	SQL
	ok 'the load was acknowledged' holds "count(*) >= $LOAD_SIGNUPS FROM acknowledged"
	is 'nothing that was acknowledged is lost' "$(query --command='SELECT count(*) FROM acknowledged a WHERE NOT EXISTS (SELECT FROM arsignup.users u WHERE u.id = a.user_id AND u.email = a.email)')" 0
	is 'every session goes on' "$(query --command="SELECT count(*) FROM acknowledged a WHERE arsignup.verify_login_token(a.token) ->> 'un' IS DISTINCT FROM a.email")" 0
	ok 'no more is there than was under way' holds "(SELECT count(*) FROM arsignup.users WHERE email LIKE '%@load.example') - (SELECT count(*) FROM acknowledged) BETWEEN 0 AND $LOAD_CLIENTS"
	is 'no account is half there' "$(query <<-'SQL'
		SELECT count(*) FROM (SELECT * FROM arsignup.users WHERE email LIKE '%@load.example') u
		LEFT JOIN arsignup.credentials c ON c.user_id = u.id LEFT JOIN arsignup.sessions s ON s.user_id = u.id WHERE c.user_id IS NULL OR s.user_id IS NULL
	SQL
	)" 0
	diag "$(wc -l <"$SCRATCH/acknowledged") signups acknowledged"
}

# ---- the run ----

if [[ ${WORK:-} ]]; then
	trap clean_up EXIT
	trap 'exit 143' INT TERM HUP
else
	POSTGRES=$(installed_postgres) || die 'PostgreSQL is not installed; scripts/test sees to that'
	PATH=/usr/lib/postgresql/$POSTGRES/bin:$PATH
	open_work 'clean_up; close_work'
fi
SCRATCH=$(mktemp -d "$WORK/test.XXXXXX")

# The server's major version: some of what it logs depends on it.
# shellcheck disable=SC2034
MAJOR=$(postgres --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')
