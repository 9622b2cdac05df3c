"""Reads every list of the Core API in all the ways that its description names, and looks at how each page was read. Prints
TAP; called by the test `lists`."""
import itertools
import json
import os
import time

import psycopg

PREFIXES = {"users": "usr", "orgs": "org", "memberships": "mb", "sessions": "kss", "realms": "rl", "connected_apps": "lpl", "app_hooks": "hk"}
NAMES = {"connected_apps": "login_policies"}  # of lists, where they are not those of tables
GLOBAL = {"realms"}  # of all realms at once

COMMON = {"after", "max_results", "direction", "sort", "expand", "realm_id", "created_at_after"}

# Values of each filter: of very many rows, and of few or one. A filter that is not here fails the test.
VALUES = {
    ("users", "username"): ["username"], ("users", "email"): ["unique email", "shared email"], ("users", "reference"): ["even", "rare"],
    ("orgs", "reference"): ["even", "rare"],
    ("memberships", "user_id"): ["one", "other"], ("memberships", "org_id"): ["one", "other"],
    ("sessions", "user_id"): ["one", "other"],
    ("events", "event_type"): ["user.", "user.created", "org."], ("events", "user_id"): ["one", "event's"], ("events", "org_id"): ["one"],
    ("events", "membership_id"): ["event's"], ("events", "login_policy_id"): ["one"],
    ("realms", "reference"): ["even", "rare"],
}
SEARCHED = 10000

# Filters whose index has not the id behind them, since they match few rows: these are read all, and sorted.
FEW = {("memberships", "user_id")}
IS_SOMEBODY = "state <> 'held'"
CONDITIONS = {"username": "username_key = %s", "email": "email_key = %s", "reference": 'reference COLLATE "C" = %s', "user_id": "user_id = %s", "org_id": "org_id = %s"}
count = 0


def ok(passed, what, *details):
    """Report a test."""
    global count
    count += 1
    print("ok" if passed else "not ok", count, "-", what, flush=True)
    for detail in details if not passed else ():
        print("#  ", str(detail)[:1500])


class Realm:
    """A realm, and the key to it."""

    def __init__(self, name):
        self.name, self.id, self.key = name.lower(), os.environ[name], os.environ[name + "_KEY"]
        self.counts, self.middles = {}, {}
        rows = value(f"SELECT count(*) FROM arsignup.users WHERE realm_id = %s AND {IS_SOMEBODY}", self.id)
        self.held = {row[0] for row in connection.execute("SELECT arsignup.format_id('usr', id) FROM arsignup.users WHERE realm_id = %s AND state = 'held'", [self.id])}
        one = value("SELECT org_id FROM arsignup.memberships WHERE realm_id = %s GROUP BY 1 ORDER BY count(*) DESC LIMIT 1", self.id)
        other, even = (value(f"SELECT id FROM arsignup.users WHERE realm_id = %s AND {IS_SOMEBODY} ORDER BY id OFFSET %s LIMIT 1", self.id, n) for n in (rows // 2 + 3, rows // 2 + 4))
        self.values = {"one": one, "other": other, "even": "even", "rare": "rare", "username": value("SELECT username FROM arsignup.users WHERE id = %s", other)}
        for unique in (True, False):
            self.values["unique email" if unique else "shared email"] = value("SELECT email FROM arsignup.users WHERE id = ANY (%s) AND (shared_email_id IS NULL) = %s", [other, even], unique)

    def rows(self, table, filters):
        """Return how many rows there are, and the id of one in the middle."""
        condition = " AND ".join(["%s::uuid IS NOT NULL" if table in GLOBAL else "realm_id = %s", *([IS_SOMEBODY] if table == "users" else []), *(CONDITIONS[f] for f in filters)])
        given = [self.id, *(self.values[v] for v in filters.values())]
        place = tuple([table, *filters.items()])
        if place not in self.counts:
            self.counts[place] = value(f"SELECT count(*) FROM arsignup.{table} WHERE {condition}", *given)
            self.middles[place] = value(f"SELECT id FROM arsignup.{table} WHERE {condition} ORDER BY id OFFSET %s LIMIT 1", *given, self.counts[place] // 2)
        return self.counts[place], self.middles[place]

    def held_within(self, sort, direction, after, wanted):
        """Return how many users to be lie before the end of a page."""
        key, comparison = "username_key" if sort == "username" else "id", "<" if direction == "desc" else ">"
        begin, given = (f" AND {key} {comparison} (SELECT {key} FROM arsignup.users WHERE id = %s)", [after]) if after else ("", [])
        return value(f"""SELECT count(*) FILTER (WHERE state = 'held') FROM (
            SELECT state, count(*) FILTER (WHERE {IS_SOMEBODY}) OVER (ORDER BY {key} {direction} ROWS UNBOUNDED PRECEDING) AS seen
            FROM arsignup.users WHERE realm_id = %s{begin} ORDER BY {key} {direction} LIMIT %s) AS s WHERE seen - ({IS_SOMEBODY})::int <= %s""",
            self.id, *given, wanted + 1 + len(self.held), wanted)


def value(statement, *given):
    """Ask for one value."""
    row = connection.execute(statement, given).fetchone()
    return row and row[0]


def ask(realm, uri):
    """Ask the Core API; return its answer, and the plans of what it read."""
    told.clear()
    key = os.environ["ADMIN_KEY"] if uri.partition("?")[0].rpartition("/")[2] in GLOBAL else realm.key
    value("SELECT set_config('request.headers', %s, false)", json.dumps({"x-arsignup-method": "GET", "x-arsignup-uri": uri, "x-authrocket-api-key": key}))
    answer = json.loads(bytes(connection.execute("SELECT arsignup_web.handle('')::bytea", binary=True).fetchone()[0]))
    return answer, [json.loads(text[text.index("{"):]) for text in told if "plan:" in text]


def nodes(plan, with_subplans=False):
    """Return the nodes of a plan, the ones that a row's own JSON needs left out or not."""
    found = [plan]
    for child in plan.get("Plans", ()):
        if with_subplans or child.get("Parent Relationship") not in ("SubPlan", "InitPlan"):
            found += nodes(child, with_subplans)
    return found


def trouble_of(plans, table, wanted, backward):
    """Return what is wrong with how a page of a table was read."""
    main = [p["Plan"] for p in plans if p["Query Text"].startswith("SELECT jsonb_build_object") and f" FROM arsignup.{table} t WHERE " in p["Query Text"]]
    if len(main) != 1:
        return f"{len(main)} statements"
    scans = [n for n in nodes(main[0]) if n.get("Alias") == "t"]
    if len(scans) != 1 or scans[0]["Node Type"] not in ("Index Scan", "Index Only Scan"):
        return "no single scan of an index: " + ", ".join(n["Node Type"] for n in nodes(main[0]))
    others = {n["Node Type"] for n in nodes(main[0])} - {"Limit", "Index Scan", "Index Only Scan"}
    if others:
        return "more than a scan: " + ", ".join(sorted(others))
    read = round((scans[0]["Actual Rows"] + scans[0].get("Rows Removed by Filter", 0) + scans[0].get("Rows Removed by Index Recheck", 0)) * scans[0]["Actual Loops"])
    if read > wanted + 1:
        return f"{read} rows read"
    if (scans[0]["Scan Direction"] == "Backward") != backward:
        return scans[0]["Scan Direction"]
    dear = [n["Node Type"] for p in plans for n in nodes(p["Plan"], True) if n["Node Type"] in ("Seq Scan", "Bitmap Heap Scan") and n.get("Relation Name") in (*PREFIXES, "credentials")
            and n["Relation Name"] != "credentials"]
    return dear and f"a {dear[0]} beside it"


def few_trouble(plans, table, rows):
    """Return what is wrong with how few rows were found, or how those that a filter matches are sorted: that more were read."""
    read = [round((n["Actual Rows"] + n.get("Rows Removed by Filter", 0)) * n["Actual Loops"]) for p in plans for n in nodes(p["Plan"], True) if n.get("Relation Name") == table and n.get("Alias") in ("t", "e")]
    return not read and "nothing was read" or max(read) > max(rows, 1) and f"{max(read)} rows read of {rows}"


def try_page(realm, table, filters, sort, direction, limit, is_after):
    """Read a page; return what is wrong with that."""
    rows, middle = realm.rows(table, filters)
    query = [f"sort={sort}", f"direction={direction}", f"max_results={limit}"]
    for name, kind in filters.items():
        given = realm.values[kind]
        query.append(f"{name}=" + (value("SELECT arsignup.format_id(%s, %s)", name[:-3].replace("user", "usr"), given) if name.endswith("_id") else given))
    if is_after and middle is not None:
        query.append("after=" + value("SELECT arsignup.format_id(%s, %s)", PREFIXES[table], middle))
    uri = f"/v1/{NAMES.get(table, table)}?" + "&".join(query)
    answer, plans = ask(realm, uri)
    if "reference" in filters and sort not in ("id", "created_at"):
        return answer.get("errors", {}).keys() != {"sort"} and f"{uri}: no fault"
    if "collection" not in answer:
        return f"{uri}: {answer}"
    got = len(answer["collection"])
    if not realm.held.isdisjoint(row["id"] for row in answer["collection"]):
        return f"{uri}: a user to be"
    expected = min(limit, rows) if not is_after else None
    if expected not in (None, got) or (got == 0 and rows > 3):
        return f"{uri}: {got} rows of {rows}"
    few = {f: kind for f, kind in filters.items() if (table, f) in FEW} or filters
    fewest = min((realm.rows(table, {f: kind})[0] for f, kind in few.items()), default=rows)
    is_sorted = fewest <= 20 or len(filters) > 1 or (filters and sort not in ("id", "created_at")) or any((table, f) in FEW for f in filters)
    held = realm.held_within(sort, direction, is_after and middle, min(limit, rows)) if table == "users" and not filters else 0
    trouble = few_trouble(plans, table, fewest + limit) if is_sorted else trouble_of(plans, table, min(limit, rows) + held, direction == "desc")
    return trouble and f"{uri}: {trouble}"


def record_trouble(plans, index, wanted, backward):
    """Return what is wrong with how a page of events was read."""
    scans = [n for p in plans for n in nodes(p["Plan"]) if n.get("Relation Name") == "events"]
    if not scans or any(n.get("Index Name") != index or (n["Scan Direction"] == "Backward") != backward for n in scans):
        return f"not by {index}: " + ", ".join(f"{n['Node Type']} {n.get('Index Name')} {n.get('Scan Direction')}" for n in scans)
    if any(n["Node Type"] == "Sort" for p in plans for n in nodes(p["Plan"])):
        return "a sort"
    read = [round((n["Actual Rows"] + n.get("Rows Removed by Filter", 0)) * n["Actual Loops"]) for n in scans]
    return max(read) > wanted and f"{max(read)} rows read"


def walk_record(realm, filters, sort, direction, limit, since):
    """Read all events that filters match, page by page; return what is wrong with that."""
    ids = {"user_id": "usr", "org_id": "org", "membership_id": "mb", "login_policy_id": "lpl"}
    columns = {"event_type": "starts_with(event_type, %s)", "login_policy_id": "connected_app_id = %s"}
    given = {name: kind if name == "event_type" else realm.values[kind] for name, kind in filters.items()}
    condition = " AND ".join(["realm_id = %s", "event_at > coalesce(to_timestamp(%s), now() - interval '30 days')", *(columns.get(name, f"{name} = %s") for name in filters)])
    expected = [row[0] for row in connection.execute(f"SELECT arsignup.format_id('ev', id) FROM arsignup.events WHERE {condition} ORDER BY id {direction} LIMIT {2001 + limit}", [realm.id, since, *given.values()])]
    query = [f"sort={sort}", f"max_results={limit}", *([] if direction == "desc" else ["direction=asc"]), *([f"created_at_after={since}"] if since else []),
             *(f"{name}=" + (value("SELECT arsignup.format_id(%s, %s)", ids[name], v) if name in ids else v) for name, v in given.items())]
    index = "events_user" if "user_id" in filters else "events_pkey"
    is_searched = not filters.keys() <= {"user_id"}
    got, pages, after = [], 0, ""
    while pages < 200 and len(got) < 2000:
        uri = "/v1/events?" + "&".join(query) + after
        answer, plans = ask(realm, uri)
        pages += 1
        trouble = record_trouble(plans, index, SEARCHED if is_searched else limit + 1, direction == "desc")
        if trouble:
            return f"{uri}: {trouble}"
        if "errors" in answer:
            sentence = answer["errors"].get("after", [""])[0]
            if not is_searched or f"None of the {SEARCHED} that come next matches. Go on with after=ev_" not in sentence:
                return f"{uri}: {answer}"
            after = "&after=" + sentence.rpartition("=")[2].rstrip(".")
            continue
        got += [event["id"] for event in answer["collection"]]
        if not answer["more_results"]:
            return got != expected and f"{uri}: {len(got)} events of {len(expected)}"
        after = "&after=" + got[-1]
    return got != expected[:len(got)] and f"{uri}: {len(got)} events, not the first of {len(expected)}"


def test_record(realm, path, operation, mode, limits):
    """Read the list of events: by each filter, by some at once, and by all. All but that of a user, which an index has, are looked for in the same way."""
    filters = sorted({p["name"] for p in operation["parameters"] if "name" in p} - COMMON)
    ok(not [f for f in filters if ("events", f) not in VALUES], f"{realm.name}: {path}: every filter is tried", filters)
    event = connection.execute("SELECT membership_id FROM arsignup.events WHERE realm_id = %s AND user_id = membership_id ORDER BY id DESC OFFSET 90 LIMIT 1", [realm.id]).fetchone()[0]
    realm.values["event's"] = event
    for given in ({}, *({f: kind} for f in filters for kind in VALUES["events", f]), {"event_type": "user.", "user_id": "event's", "membership_id": "event's"}, {f: VALUES["events", f][-1] for f in filters}):
        for direction in ("desc", "asc"):
            ways = [("id", limits[0], since) for since in (None, int(time.time()) - 86400, int(time.time()) - 5000000)]
            if not given:
                ways += [(sort, limit, None) for sort in ("id", "created_at", "event_at") for limit in limits]
            troubles = [walk_record(realm, given, sort, direction, limit, since) for sort, limit, since in ways]
            ok(not any(troubles), f"{realm.name}, {mode}: {path} {direction}" + "".join(f", {f}: {k}" for f, k in given.items()), *filter(None, troubles))


def test_list(realm, path, operation, mode, limits):
    """Read a list in every way."""
    name = path.rpartition("/")[2]
    table = next((t for t, n in NAMES.items() if n == name), name)
    parameters = {p["name"]: p["schema"] for p in (described["components"]["parameters"].get(p.get("$ref", "").rpartition("/")[2], p) for p in operation["parameters"]) if p["in"] == "query"}
    filters = sorted(set(parameters) - COMMON)
    unknown = [f for f in filters if (table, f) not in VALUES]
    ok(not unknown, f"{realm.name}: {path}: every filter is tried", unknown)
    for n in range(len(filters) + 1):
        for names in itertools.combinations(filters, n):
            for kinds in itertools.product(*(VALUES[table, f] for f in names)):
                given = dict(zip(names, kinds))
                for sort in parameters["sort"]["enum"]:
                    troubles = [try_page(realm, table, given, sort, direction, limit, is_after) for direction in parameters["direction"]["enum"] for limit in limits for is_after in (False, True)]
                    ok(not any(troubles), f"{realm.name}, {mode}: {path} by {sort}" + "".join(f", {f}: {k}" for f, k in given.items()), *filter(None, troubles))


told = []
connection = psycopg.connect("", autocommit=True)
connection.add_notice_handler(lambda notice: told.append(notice.message_primary))
for setting in ("LOAD 'auto_explain'", "SET auto_explain.log_min_duration = 0", "SET auto_explain.log_nested_statements = on", "SET auto_explain.log_analyze = on", "SET auto_explain.log_timing = off",
                "SET auto_explain.log_format = json", "SET client_min_messages = error"):
    connection.execute(setting)
realms = [Realm("LARGE"), Realm("SMALL")]
connection.execute("SET auto_explain.log_level = notice")
connection.execute("SET client_min_messages = notice")
described, _ = ask(realms[0], "/v1/openapi.json")
lists = {path: methods["get"] for path, methods in described["paths"].items() if any(p.get("name") == "sort" for p in methods.get("get", {}).get("parameters", ()))}
# By such plans as the role of PostgREST has, and by those of whoever calls by SQL.
for mode, chosen, limits in (("generic", realms, (100, 1000)), ("custom", realms[:1], (100,))):
    connection.execute(f"SET plan_cache_mode = force_{mode}_plan")
    for path, operation in lists.items():
        for realm in chosen[:1] if path.rpartition("/")[2] in GLOBAL else chosen:
            (test_record if path == "/v1/events" else test_list)(realm, path, operation, mode, limits)
ok(all(len(realm.held) > 1 for realm in realms), "there are users to be", [len(realm.held) for realm in realms])
ok(len(lists) >= 8, "all lists are there", list(lists))
print(f"1..{count}")
