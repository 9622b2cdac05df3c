# What scripts/demo, scripts/test and the tests in test/server share: the machine, the build, the private cluster.
# To be sourced; it leaves the shell in the project's top directory and starts nothing by itself.
# shellcheck shell=bash

set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "${BASH_SOURCE[0]}")/.."
shopt -s nullglob

# ---- what people see ----

# Print a line, in bold on a terminal.
say() {
	if [[ -t 1 ]]; then printf '\e[1m%s\e[0m\n' "$*"; else printf '%s\n' "$*"; fi
}

# Print the comment at the top of the script.
usage() {
	sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
}

# End the run, saying why.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Print the time in milliseconds.
now() {
	echo "$((${EPOCHREALTIME/./} / 1000))"
}

# Print the seconds since a time that now() gave, to a tenth.
since() {
	local tenths=$((($(now) - $1) / 100))
	printf '%4d.%d s' $((tenths / 10)) $((tenths % 10))
}

# Run a command as a step: one line with its name and the time it took; what it prints is kept, and shown if it fails.
step() {
	local what=$1 began status=0
	shift
	began=$(now)
	printf '  %-52s' "$what"
	"$@" >"$WORK/step.log" 2>&1 </dev/null || status=$?
	if ((status)); then
		printf ' failed\n\n'
		cat "$WORK/step.log"
		die "failed: $what (exit status $status)"
	fi
	printf '%s\n' "$(since "$began")"
}

# ---- the run's own directory ----

# Make the directory that holds everything of this run; the command given, which calls close_work, is run however the run ends.
open_work() {
	unset "${!PG@}" # the caller's own server is not to be touched, nor its settings used
	export no_proxy=127.0.0.1,localhost # where everything of the run's own listens
	WORK=$(mktemp -d /tmp/arsignup.XXXXXX)
	export WORK
	chmod 711 "$WORK"
	# shellcheck disable=SC2064 # the command's name is known now
	trap "$1" EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# End what runs beside the cluster in a directory: web servers, poolers.
stop_beside() {
	local pid_file
	for pid_file in "$1"/*.pid "$1"/web/*.pid; do kill "$(<"$pid_file")" 2>/dev/null || true; done
}

# Stop everything of this run and remove its directory.
close_work() {
	local directory pid_file
	trap '' INT TERM HUP
	for directory in "$WORK"/*/; do stop_beside "$directory"; done
	for pid_file in "$WORK"/*/data/postmaster.pid; do
		[[ ! -e $pid_file ]] || as_server pg_ctl stop --silent --mode=immediate --pgdata="${pid_file%/*}" || true
	done
	rm -rf "$WORK"
}

# ---- the machine ----

# Run a command as root.
as_root() {
	if ((EUID == 0)); then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "This needs root or sudo: $*" >&2
		return 1
	fi
}

# Print the newest PostgreSQL here that an extension can be built for; fail if there is none.
installed_postgres() {
	local headers major newest=0
	for headers in /usr/include/postgresql/*/server/postgres.h; do
		major=${headers#/usr/include/postgresql/} major=${major%%/*}
		if [[ -x /usr/lib/postgresql/$major/bin/postgres ]] && ((major > newest)); then newest=$major; fi
	done
	((newest)) && echo "$newest"
}

# Print the PostgreSQL that this release of Debian has by default.
default_postgres() {
	apt-cache depends postgresql | sed -n 's/^ *Depends: postgresql-\([0-9]*\)$/\1/p'
}

# Print those of the packages that are not installed.
missing_packages() {
	local package
	for package; do
		[[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
	done
}

# Run apt-get without questions, leaving the machine's settings as they are; another one is waited for.
apt_get() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get --yes --no-install-recommends --option Dpkg::Options::=--force-confold --option DPkg::Lock::Timeout=300 "$@"
}

# Read the package lists, once in a run.
read_package_lists() {
	[[ ${lists_read:-} ]] || step 'Reading the package lists' apt_get update
	lists_read=1
}

# Install packages, with a passing word to the server's, which would make a cluster and start it.
install_packages() (
	no_cluster=/etc/postgresql-common/createcluster.d/arsignup-setup.conf
	trap 'as_root rm -f "$no_cluster"' EXIT
	as_root mkdir -p "${no_cluster%/*}" &&
		as_root tee "$no_cluster" <<<'create_main_cluster = off' &&
		apt_get install "$@"
)

# Have packages installed, which are for what the first argument says.
need_packages() {
	local purpose=$1 packages
	shift
	mapfile -t packages < <(missing_packages "$@")
	((${#packages[@]})) || return 0
	read_package_lists
	step "Fetching $purpose" apt_get install --download-only "${packages[@]}"
	step 'Installing it' install_packages "${packages[@]}"
}

# Make the machine ready to build and run the extension.
prepare_machine() {
	POSTGRES=$(installed_postgres) || {
		read_package_lists
		POSTGRES=$(default_postgres)
		[[ $POSTGRES ]] || die 'there is no package postgresql to be had'
	}
	need_packages "PostgreSQL $POSTGRES and what building takes" gcc libargon2-dev libc6-dev libcrypt-dev libjansson-dev libsodium-dev \
		libssl-dev libzxcvbn-dev make "postgresql-$POSTGRES" "postgresql-server-dev-$POSTGRES"
}

# Make a PostgreSQL of the run's own, to install into, in the directory given ($WORK/usr): copies of the machine's programs,
# which look for everything else from where they lie, and links to what is installed there, but for an arsignup.
own_postgres() (
	own=${1:-$WORK/usr} server=lib/postgresql/$POSTGRES share=share/postgresql/$POSTGRES
	umask 022
	mkdir -p "$own/$server" "$own/$share" &&
		ln -s /usr/include "$own" &&
		cp -R "/usr/$server/bin" "$own/$server" &&
		cp -Rs "/usr/$server/lib" "$own/$server" &&
		cp -Rs "/usr/$share/." "$own/$share" &&
		rm -rf "$own/$server/lib"{,/bitcode}/arsignup* "$own/$share"/extension/arsignup*
)

# Run make for a build in a directory outside of the checkout, without bitcode, which only the server's JIT would read. A link
# stands for the checkout, in whose name may be a space.
make_in() {
	local directory=$1
	shift
	mkdir -p "$directory" &&
		ln -sfn "$PWD" "$directory/source" &&
		make --directory="$directory" --makefile=source/Makefile VPATH=source PG_CONFIG="$(command -v pg_config)" with_llvm=no "$@"
}

# Build with the compiler's flags given, and install, both in the run's own directory.
build() {
	step 'Making a PostgreSQL to install into' own_postgres
	PATH=$WORK/usr/lib/postgresql/$POSTGRES/bin:$PATH
	step "Building arsignup for PostgreSQL $POSTGRES" make_in "$WORK/build" --jobs="$(nproc)" COPT="$*"
	step 'Installing it there' make_in "$WORK/build" install
}

# ---- the private cluster ----

# Run a program of the server as the account that owns the cluster: PostgreSQL refuses root.
as_server() {
	local account=()
	((EUID != 0)) || account=(setpriv --reuid=postgres --regid=postgres --init-groups)
	(cd "$WORK" && exec "${account[@]}" "$@")
}

# Make a cluster named $1 with the settings that follow (name=value), start it, and point psql and its like at it.
# Its socket, the one way in, trusts everybody, but lies in a directory that only the account that runs this may enter.
cluster_make() {
	export PGHOST=$WORK/$1 PGPORT=5432 PGUSER=postgres PGDATABASE=postgres PGDATA=$WORK/$1/data SERVER_LOG=$WORK/$1/log
	shift
	mkdir --mode=750 "$PGHOST"
	((EUID != 0)) || chown "postgres:${SUDO_GID:-0}" "$PGHOST"
	as_server initdb --username="$PGUSER" --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync || return
	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$PGHOST'" "shared_preload_libraries = 'arsignup'" \
		'max_connections = 200' "log_line_prefix = '%m [%p] %e %q%u@%d '" "$@" >>"$PGDATA/postgresql.conf"
	cluster_start
}

# Start the cluster, and wait until it answers.
cluster_start() {
	as_server pg_ctl start --silent --wait --log="$SERVER_LOG" || {
		tail -n 20 "$SERVER_LOG"
		return 1
	}
}

# Stop the cluster, in the mode given (fast); `immediate` is what a crash is like.
cluster_stop() {
	as_server pg_ctl stop --silent --wait --mode="${1:-fast}"
}

# Stop the cluster, in the mode given (fast), and start it again.
cluster_restart() {
	cluster_stop "${1:-fast}"
	cluster_start
}

# Run psql for a script: values only, no settings of the caller's own, an end at the first error.
query() {
	psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "$@"
}

# What makes the extension with its tables, and prints nothing.
# shellcheck disable=SC2034 # for those who source this
CREATE_EXTENSION="CREATE EXTENSION arsignup; DO 'BEGIN PERFORM arsignup.create_tables(); END';"
