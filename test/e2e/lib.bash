# What the tests of this folder share: a site, that is a cluster with apps behind a real PostgREST and nginx, run from the
# files in web/, and asking it as browsers and others do. To be sourced. Each test runs by itself too.
# shellcheck shell=bash

# shellcheck source=test/server/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/../server/lib.bash"
# shellcheck source=scripts/web.sh
source scripts/web.sh

PASSWORD='correct horse canary staple'

# ---- the site ----

# Skip everything, saying why, and what was meant to be tested.
skip_all() {
	plan 1
	echo "ok 1 - $1 # SKIP $2"
	exit
}

# Find PostgREST and nginx, or skip everything.
need_web() {
	{ find_postgrest && find_nginx; } >"$SCRATCH/programs" 2>&1 || {
		diag "$(cat "$SCRATCH/programs")"
		skip_all "$1" 'there is no PostgREST or nginx, and none could be fetched'
	}
}

# Have the modules of npm that the tests use, or those of a folder, or skip everything.
need_modules() {
	find_modules "${2:-}" >"$SCRATCH/npm" 2>&1 || {
		diag "$(cat "$SCRATCH/npm")"
		skip_all "$1" 'npm could not be asked'
	}
}

# Have a browser and what drives it, or skip everything.
need_browser() {
	find_browser >"$SCRATCH/npm" 2>&1 || {
		diag "$(cat "$SCRATCH/npm")"
		skip_all "$1" 'there is no chromium, or npm could not be asked'
	}
	export PASSWORD
}

# Have Firefox too, or skip everything.
need_firefox() {
	find_firefox >"$SCRATCH/firefox" 2>&1 || {
		diag "$(cat "$SCRATCH/firefox")"
		skip_all "$1" 'there is no firefox-esr, and none could be installed'
	}
}

# Make a realm with an app for each thing that a signup can make, reached by slug (users, orgs, tokens) and by host
# (users.localhost, …); more columns of connected_apps and their values may be given.
make_apps() {
	REALM=$(query --command="INSERT INTO arsignup.realms (name) VALUES ('Test') RETURNING id")
	query --set=realm="$REALM" --set=app="${APP_URL:-https://app.example}" <<-SQL
		INSERT INTO arsignup.connected_apps
			(realm_id, name, slug, signup_mode, login_handler, signup_handler, default_permissions ${1:+, $1})
		SELECT :'realm', initcap(slug), slug, mode, :'app' || '/login', :'app' || '/signup', '{reader}' ${2:+, $2}
		FROM (VALUES ('users', 'user'), ('orgs', 'user_org'), ('tokens', 'signup_token')) v (slug, mode);
		INSERT INTO arsignup.app_routes (kind, name, realm_id, connected_app_id)
		SELECT 'host', slug || '.localhost', realm_id, id FROM arsignup.connected_apps;
		SELECT arsignup.rotate_signing_key(:'realm') \g /dev/null
	SQL
}

# Make a cluster with the settings given and the apps, and open it to the web.
new_site() {
	new_cluster arsignup.hash_slots=2 "$@"
	query --command="$CREATE_EXTENSION"
	make_apps
	web_start >"$SCRATCH/web" 2>&1 || {
		diag "$(cat "$SCRATCH/web" "$WEB"/*.log)"
		exit 1
	}
}

# Print a new key to a realm, null for all, with these permissions.
new_key() {
	value "arsignup.create_api_key($1, 'test', '{$2}')"
}

# Have nginx not limit requests of the loopback, as its file says how.
open_nginx() {
	edit "$WEB/arsignup.conf" "$WEB/arsignup.new" '# 192.0.2.10 1;' '127.0.0.1 1;'
	mv "$WEB/arsignup.new" "$WEB/arsignup.conf"
	web_stop nginx
	nginx_start
}

# Make what the application of web.sh has of its own, as in the demo.
make_application() {
	query <<-'SQL'
		CREATE ROLE demo_app LOGIN IN ROLE arsignup_app;
		CREATE SCHEMA AUTHORIZATION demo_app;
		SET ROLE demo_app;
		CREATE TABLE payments (
			id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			signup_email text NOT NULL,
			amount_cents int NOT NULL
		);
		CREATE TABLE subscriptions (
			user_id uuid NOT NULL REFERENCES arsignup.users (id),
			org_id uuid NOT NULL REFERENCES arsignup.orgs (id),
			payment_id bigint NOT NULL REFERENCES payments (id)
		);
	SQL
}

# ---- asking it ----

# Ask by curl, with a browser's Accept, and print the status; headers and body are kept.
fetch() {
	curl --silent --max-time "$PATIENCE" --output "$SCRATCH/body" --dump-header "$SCRATCH/headers" --write-out '%{http_code}' \
		--header 'Accept: text/html,application/xhtml+xml,*/*;q=0.8' "$@" || echo " curl: $?"
}

# Print a header of the last answer, or those of the same name.
header() {
	sed -n "s/^$1: \\(.*\\)\\r\$/\\1/Ip" "$SCRATCH/headers"
}

# Print the body of the last answer.
body() {
	cat "$SCRATCH/body"
}

# Send a form to an address, fields given as name=value, and print status and where it leads.
submit() {
	local address=$1 field fields=()
	shift
	for field; do fields+=(--data-urlencode "$field"); done
	echo "$(fetch "${fields[@]}" "$address") $(header location)"
}

# Send what printf makes of its arguments to nginx, and print its whole answer. It is sent at once: the shell writes line
# by line, and what comes after nginx has refused a line resets the connection, with the answer.
raw_answer() {
	# shellcheck disable=SC2059 # the format is the test's
	printf "$@" >"$SCRATCH/request"
	exec {connection}<>"/dev/tcp/127.0.0.1/${BASE_URL##*:}"
	cat "$SCRATCH/request" >&"$connection" 2>/dev/null || true
	timeout "$PATIENCE" cat <&"$connection" || true
	exec {connection}>&-
}

# The same, but print the status only.
raw() {
	raw_answer "$@" | sed -n '1 { s/^[^ ]* \([^ ]*\).*/\1/p; q }'
}

# The same, but print the body only.
raw_body() {
	raw_answer "$@" | sed '1,/^\r$/d'
}

# Check the headers that every page has.
check_headers() {
	is "$1: its type" "$(header content-type)" 'text/html; charset=utf-8'
	is "$1: not kept" "$(header cache-control)" no-store
	is "$1: tells nobody where one comes from" "$(header referrer-policy)" no-referrer
	is "$1: is what it says" "$(header x-content-type-options)" nosniff
	like "$1: in no frame" "$(header content-security-policy)" "frame-ancestors 'none'"
	is "$1: nor in that of older browsers" "$(header x-frame-options)" DENY
	ok "$1: no script or style in line" test "$(header content-security-policy | grep -c unsafe)" = 0
}

# Print what a query returns.
value() {
	query --command="SELECT $1"
}
