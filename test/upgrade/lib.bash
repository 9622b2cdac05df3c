# What the tests of this folder share: a made-up next version, a server into which one version is installed over another.
# To be sourced.
# shellcheck shell=bash

# shellcheck source=test/server/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/../server/lib.bash"

CURRENT=$(sed -n "s/^default_version = '\(.*\)'/\1/p" arsignup.control)
NEXT=99.0.0
POSTGRES=$MAJOR
PASSWORD='correct horse battery staple' # Ada's, in people.sql

# ---- the next version ----

# Change a file by sed; what changes nothing is a mistake.
edit() {
	local file=$1
	shift
	sed --in-place=.before "$@" "$file"
	! cmp --silent "$file" "$file.before" || die "nothing to edit in $file: $*"
	rm "$file.before"
}

# Make the sources of the next version, in the current directory, from what stands.
make_up() {
	local made_up=test/upgrade/made-up step=src/upgrade/$CURRENT--$NEXT
	edit arsignup.control "s/^default_version = .*/default_version = '$NEXT'/"
	cp "$made_up/tables.sql" "$step.sql"
	cp "$made_up/members.sql" "$step.members.sql"
	cp "$made_up/teams.sql" src/org/tables
	cp "$made_up"/nickname.[ch] src/org
	cat "$made_up/api.sql" >>src/org/api.sql
	edit Makefile 's|org/tables/memberships|& org/tables/teams|'

	# Tables, as the step leaves them.
	edit src/org/tables/orgs.sql 's/^CREATE TABLE .*/&\n\tnickname text CONSTRAINT nickname_is_short CHECK (length(nickname) <= 100),/'
	edit src/account/tables/users.sql "s/^CREATE TABLE .*/&\n\tgreeting text NOT NULL DEFAULT 'Hello',/"
	edit src/account/tables/credentials.sql 's/^CREATE TABLE .*/&\n\thint text,/'
	edit src/signup/tables/signup_tokens.sql 's/^CREATE TABLE .*/&\n\tcampaign text,/'
	grep -h nickname "$made_up/tables.sql" | grep -E '^(CREATE|COMMENT)' >>src/org/tables/orgs.sql
	grep -E '^COMMENT.*greeting' "$made_up/tables.sql" >>src/account/tables/users.sql
	grep -E '^(COMMENT|GRANT).*hint' "$made_up/tables.sql" >>src/account/tables/credentials.sql
	grep -E '^(COMMENT|GRANT).*campaign' "$made_up/tables.sql" >>src/signup/tables/signup_tokens.sql

	sed -n '/^CREATE TYPE/,/^COMMENT/p' "$made_up/members.sql" >>src/org/types.sql # it is new, and so is this file

	# Functions: one new, one changed in place, one with an argument more, one gone.
	edit src/install/tail.sql "s/^.*'FUNCTION', 'create_org',.*/&\n('FUNCTION', 'find_nicknamed_org', 'EXECUTE', 'arsignup_app'),/"
	edit src/operations/api.sql '/FUNCTION arsignup.is_preloaded/,/AS/ s/STABLE/VOLATILE/'
	edit src/operations/api.sql 's/^.Tells whether the server has loaded arsignup by .*/'\''Changed.'\'';/'
	edit src/org/api.sql -e '/^CREATE OR REPLACE FUNCTION arsignup.create_org/,/AS/ {
		s/DEFAULT .{}./&,\n\tnickname text DEFAULT NULL/; s/arsignup_create_org/&_with_nickname/ }' \
		-e 's/^COMMENT ON FUNCTION arsignup.create_org(.*jsonb/&, text/'
	edit src/org/org.c -e 's|^#include "org/org.h"|&\n#include "org/nickname.h"|' \
		-e '/^arsignup_create_org(/,/^}/ s/.*org_insert(.*/&\n\torg_set_nickname(\&realm.id, \&org.id, org.name);/'
	edit src/password/api.sql -e '/^CREATE OR REPLACE FUNCTION arsignup.password_strength/,/^AS/d' \
		-e '/^COMMENT ON FUNCTION arsignup.password_strength/,/;$/d'
}

# Build the next version, unless a test of this run has; only what differs is compiled.
build_next() {
	[[ ! -e $WORK/next/built ]] || return 0
	mkdir "$WORK/next"
	cp -R Makefile arsignup.control src web programs "$WORK/next"
	mkdir -p "$WORK/next/test"
	cp -R test/upgrade "$WORK/next/test"
	make_in "$WORK/build" --jobs="$(nproc)"
	cp -a "$WORK/build" "$WORK/next/build"
	cd "$WORK/next"
	make_up
	find src -name '*.c' -exec grep -q ARSIGNUP_VERSION {} \; -exec touch {} +
	make_in "$WORK/next/build" --jobs="$(nproc)" COPT='-O1 -Wall -Wextra -Werror -Wno-unused-parameter'
	touch built
}

# Have the sources of both versions built.
prepare_versions() {
	(build_next) >"$SCRATCH/build" 2>&1 || {
		diag "$(tail -n 30 "$SCRATCH/build")"
		die 'the next version cannot be built'
	}
	chmod 711 "$SCRATCH"
}

# Make a PostgreSQL of the test's own with this name, and use it.
use_postgres() {
	[[ -e $SCRATCH/$1 ]] || own_postgres "$SCRATCH/$1"
	PATH=$SCRATCH/$1/lib/postgresql/$POSTGRES/bin:$PATH
}

# Install what stands into the PostgreSQL in use.
install_current() {
	make_in "$WORK/build" install >"$SCRATCH/install" 2>&1
}

# Install the next version over it.
install_next() {
	(cd "$WORK/next" && make_in "$WORK/next/build" install) >"$SCRATCH/install" 2>&1
}

# ---- looking ----

# Print everything of ours in the catalogue of a database, and what others have put on it; a line each, whatever the order.
catalogue() {
	query --dbname="$1" --file=sql/catalogue.sql | awk '/^\t/ { printf "%s", $0; next } { printf "\n%s", $0 }' | sort
	query --dbname="$1" <<-'SQL'
		SELECT polname, polrelid::regclass, pg_get_expr(polqual, polrelid) FROM pg_policy ORDER BY 1;
		SELECT pg_describe_object(classoid, objoid, objsubid), description
		FROM pg_description WHERE pg_describe_object(classoid, objoid, objsubid) ~ 'arsignup' ORDER BY 1;
		SELECT extversion FROM pg_extension WHERE extname = 'arsignup';
	SQL
}

# Print what check_settings says of versions.
told() {
	query --dbname="$1" --field-separator=' | ' --command="SELECT * FROM arsignup.check_settings() WHERE setting IN ('library', 'extension arsignup', 'tables')"
}

# Print the outcome of what applications, administrators and the web do, as somebody new.
work() {
	outcome --dbname="$1" --set=person="p$(now)" --set=password="$PASSWORD" --file=test/upgrade/work.sql
}

# Report whether the people of people.sql are who they were, and things go on; a token that is out redeems once.
test_people() {
	local what=$1 db=$2 token=$3
	is "$what: the token that was out redeems" "$(outcome --dbname="$db" --set=token="$token" <<-'SQL'
		UPDATE arsignup.signup_tokens SET expires_at = clock_timestamp() + interval '1 day' WHERE redeemed_at IS NULL;
		SELECT arsignup.redeem_signup_token(:'token');
	SQL
	)" 00000
	is "$what: and makes what was asked for" "$(query --dbname="$db" --command="SELECT u.email, o.name FROM arsignup.memberships m
		JOIN arsignup.users u ON u.id = m.user_id JOIN arsignup.orgs o ON o.id = m.org_id ORDER BY u.created_at DESC LIMIT 1")" 'alan@example.com|Hut 8'
	is "$what: the outcome of all that people do" "$(work "$db")" 00000
}
