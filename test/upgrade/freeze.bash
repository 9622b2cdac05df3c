# What a release leaves for the tests of later versions. To be sourced after scripts/common.sh.
# shellcheck shell=bash

# Write into a directory what the version that is installed makes: its install script, a database of people dumped, the key
# file that goes with it, and what people.sql prints.
freeze_into() {
	local version
	mkdir -p "$1"
	createdb frozen
	query --dbname=frozen --command="$CREATE_EXTENSION"
	query --dbname=frozen --file=test/upgrade/people.sql >"$1/people"
	version=$(query --dbname=frozen --command="SELECT extversion FROM pg_extension WHERE extname = 'arsignup'")
	cp "$(pg_config --sharedir)/extension/arsignup--$version.sql" "$1"
	pg_dump frozen | sed -E '/^\\(un)?restrict /d' >"$1/dump.sql" # no psql but the newest knows these
	install --mode=644 "$PGDATA/arsignup.key" "$1/key"
	dropdb frozen
}
