# What the lanes on the web share: nginx and PostgREST as the tests set them up, better-auth beside them, and who asks. To be
# sourced by those lanes.
# shellcheck shell=bash

# shellcheck source=scripts/web.sh
source scripts/web.sh

# Have the lane's database served by nginx and PostgREST, which let one address do as much as it likes: all people come from
# there. Beside our functions is an empty one, at /empty.
open_site() {
	need_packages 'what asks' curl wrk
	query --command='ALTER SYSTEM SET arsignup.max_signups_per_source = 0' --command='SELECT pg_reload_conf()' --output=/dev/null
	query --file=bench/sql/web-empty.sql
	step 'Finding PostgREST and nginx' find_programs
	step 'Starting them' site_start
}

# Find PostgREST and nginx.
find_programs() {
	find_postgrest && find_nginx
}

# Make and start them.
site_start() {
	web_make
	edit "$WEB/arsignup.conf" "$WEB/arsignup.conf" '# 192.0.2.10 1;' '127.0.0.1 1;' \
		'location / {' $'location = /empty {\n\t\trewrite ^ /rpc/empty? break;\n\t\tproxy_pass http://arsignup_postgrest;\n\t}\n\tlocation / {'
	postgrest_start && nginx_start
}

# Stop whatever serves on the web.
close_site() {
	local pid_file
	for pid_file in "$WEB"/*.pid; do
		pid_file=${pid_file##*/}
		web_stop "${pid_file%.pid}"
	done
	query --command='ALTER SYSTEM RESET arsignup.max_signups_per_source' --command='SELECT pg_reload_conf()' --output=/dev/null
}

# Tell whether better-auth is to be had, and why not.
has_better_auth() {
	find_modules bench/better-auth >"$WORK/step.log" 2>&1 && return
	say "  better-auth is left out, since npm does not give it: $(tail -n 1 "$WORK/step.log")"
	return 1
}

# Start better-auth, which hashes by argon2 or scrypt, on the lane's database, and wait until it answers: BETTER_AUTH_URL.
better_auth_start() {
	local way=$1 port
	port=$(free_port)
	BETTER_AUTH_URL=http://127.0.0.1:$port
	cp bench/better-auth/server.mjs "${NODE_PATH%/*}/"
	(exec_as_server env NODE_ENV=production node "${NODE_PATH%/*}/server.mjs" "$port" "$way" >"$WEB/better-auth-$way.log" 2>&1) &
	echo $! >"$WEB/better-auth-$way.pid"
	until curl --silent --max-time 5 --output "$WEB/ready" "$BETTER_AUTH_URL"; do
		kill -0 "$(<"$WEB/better-auth-$way.pid")" 2>/dev/null || {
			cat "$WEB/better-auth-$way.log"
			return 1
		}
		sleep 0.1
	done
}

# Have so many clients ask for an address for a slice of time, in a way that bench/ask.lua knows, and print what it does.
run_wrk() {
	local clients=$1 address=$2
	shift 2
	wrk --threads="$((clients < CORES ? clients : CORES))" --connections="$clients" --duration="${SLICE}s" --timeout=30s \
		--script=bench/ask.lua "$address" -- "$@" | tail -n 1
}

# Wait until all that was asked for is done, whether or not anybody still waits for it.
settle() {
	local before now
	now=$(server_ticks)
	while
		before=$now
		sleep 0.2
		now=$(server_ticks)
		((now - before > 1))
	do :; done
}

# A side: so many clients look at a page, or sign up; only what was answered well is counted, and as one where a slice of time
# was too short for any answer. CPU is divided among all who were served, those included whom wrk did not wait for.
asks() {
	local clients=$1 before after answer
	before=$(server_ticks)
	answer=$(run_wrk "$@")
	settle
	after=$(server_ticks)
	awk -v ticks="$((after - before))" -v hz="$TICKS" -v clients="$clients" '
		!$1 && $3 { exit 1 }
		{ calls = $1 ? $1 : 1; printf "%d %.6f %.6f\n", calls, $2, ticks / hz * calls / (calls + clients) }' <<<"$answer" ||
		die "nobody was served at $2: $answer"
}
