/*
 * Signing keys: the keys of realms, as rows and as they are used.
 *
 * A realm has at most one live key of each algorithm. Rotating retires it: it
 * signs no more, and what it signed before stays good until it expires. Rows
 * never change otherwise, so a backend keeps the keys that it has opened. It
 * looks at the row in every snapshot, so that a key that was retired or deleted
 * is so for the next call, and each second whether the key file still opens it.
 *
 * All that a row says of its key is bound into the seal, the public half, too:
 * who writes this table but has not the key file can neither sign nor have
 * anything of theirs verified.
 */
#include "login/signing_key.h"

#include <sodium.h>

#include "access/twophase.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "base/encode.h"
#include "base/id.h"
#include "base/lookup.h"
#include "base/statement.h"
#include "base/tables.h"
#include "lib/stringinfo.h"
#include "login/key_material.h"
#include "login/master_key.h"
#include "login/standby.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* How long a key that was opened is believed to be one that opens. */
#define CACHE_LIFE USECS_PER_SEC

/* Keys beyond this number push all others out. */
#define CACHE_MAX 1024

#define KEY_COLUMNS "kid, alg, public_key, sealed_key, master_key_id, retired_at, session_minutes"
#define KEY_COLUMN_COUNT 7

/* What tells the keys that are alive: those that sign, and those whose tokens may still hold. now: SIGNING_KEY_GRACE ago. */
#define IS_ALIVE(now) \
	"(retired_at IS NULL OR retired_at > " now "::timestamptz - make_interval(mins => session_minutes))"

typedef struct CacheTag
{
	pg_uuid_t	realm_id;
	char		kid[JWT_KID_MAX + 1];
} CacheTag;

typedef struct CacheEntry
{
	CacheTag	tag;
	uint64		snapshot;		/* in which its row was read; 0 if that may be any */
	TimestampTz opened_at;
	SigningKey	key;
} CacheEntry;

static HTAB *cache = NULL;

/* ---------- the cache ---------- */

/* Begin with an empty cache. */
static void
make_cache(void)
{
	HASHCTL		control = {
		.keysize = sizeof(CacheTag),
		.entrysize = sizeof(CacheEntry),
		.hcxt = TopMemoryContext
	};

	cache = hash_create("arsignup signing keys", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Push all keys out. */
static void
empty_cache(void)
{
	HASH_SEQ_STATUS status;
	CacheEntry *entry;

	hash_seq_init(&status, cache);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		jwt_key_close(&entry->key.jwt);
		hash_search(cache, &entry->tag, HASH_REMOVE, NULL);
	}
}

/* Return the place of a key, which may be a new and empty one. */
static CacheEntry *
cache_entry(const pg_uuid_t *realm_id, const char *kid, bool *found)
{
	CacheTag	tag = {.realm_id = *realm_id};
	CacheEntry *entry;

	if (cache == NULL)
		make_cache();
	if (hash_get_num_entries(cache) >= CACHE_MAX)
		empty_cache();
	strlcpy(tag.kid, kid, sizeof(tag.kid));
	entry = hash_search(cache, &tag, HASH_ENTER, found);
	if (!*found)
	{
		entry->snapshot = 0;
		entry->opened_at = 0;
		memset(&entry->key, 0, sizeof(entry->key));
	}
	return entry;
}

/* Forget a key. */
static void
cache_remove(CacheEntry *entry)
{
	jwt_key_close(&entry->key.jwt);
	hash_search(cache, &entry->tag, HASH_REMOVE, NULL);
}

/* ---------- rows ---------- */

/* Translate an algorithm that a CHECK has let pass. */
static JwtAlg
alg_of(const char *name)
{
	return strcmp(name, "HS256") == 0 ? JWT_HS256 : strcmp(name, "EdDSA") == 0 ? JWT_EDDSA : JWT_RS256;
}

/* A row with KEY_COLUMNS. */
typedef struct KeyRow
{
	const char *kid;
	const char *alg;
	Span		public_half;
	Span		sealed;
	Span		master_key_id;
	bool		is_retired;
	TimestampTz retired_at;
	int			session_minutes;
} KeyRow;

/* Return a bytea as a span. */
static Span
bytes_of(Datum value)
{
	bytea	   *bytes = DatumGetByteaPP(value);

	return (Span) {VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)};
}

/* Take what was found. */
static KeyRow
key_row_found(const Found *found)
{
	return (KeyRow)
	{
		.kid = TextDatumGetCString(found->values[0]),
		.alg = TextDatumGetCString(found->values[1]),
		.public_half = bytes_of(found->values[2]),
		.sealed = bytes_of(found->values[3]),
		.master_key_id = bytes_of(found->values[4]),
		.is_retired = !found->nulls[5],
		.retired_at = found->nulls[5] ? 0 : DatumGetTimestampTz(found->values[5]),
		.session_minutes = DatumGetInt32(found->values[6])
	};
}

/* Take one of the rows that were read. */
static KeyRow
key_row(uint64 row)
{
	Found		found;

	for (int i = 0; i < KEY_COLUMN_COUNT; i++)
		found.values[i] = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, i + 1, &found.nulls[i]);
	return key_row_found(&found);
}

/* Return what a sealed half is bound to: all that its row says of the key, each text with its end. */
static Span
seal_context(const pg_uuid_t *realm_id, const char *kid, const char *alg, Span public_half)
{
	StringInfoData context;

	initStringInfo(&context);
	appendBinaryStringInfo(&context, (const char *) realm_id, UUID_LEN);
	appendBinaryStringInfo(&context, kid, strlen(kid) + 1);
	appendBinaryStringInfo(&context, alg, strlen(alg) + 1);
	appendBinaryStringInfo(&context, public_half.data, public_half.size);
	return (Span) {context.data, context.len};
}

#define LOST_KEY_REMEDY \
	"Add the master key of the server that sealed it to %s; if that is lost, call arsignup.rotate_signing_key for a new key."

/* Report a key that nobody here can open. */
pg_noreturn static void
raise_unopened(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_ARSIGNUP_KEY),
			 errmsg("signing key cannot be opened"),
			 errdetail("%s", detail),
			 errhint(LOST_KEY_REMEDY, master_key_place())));
}

/* Tell whether a key was sealed under a master key that is here. */
static bool
is_sealed_here(const KeyRow *row)
{
	return master_key_is_here(row->master_key_id);
}

/*
 * Tell whether a key is of the time before a rotation and cannot be opened any
 * more: after a restore without the key file its tokens are void, since nobody
 * knows whether its row is as it was sealed.
 */
static bool
is_lost(const KeyRow *row)
{
	return row->is_retired && !is_sealed_here(row);
}

/* Open the seal of a row that was sealed here, whose private half is returned in bytes; without data if it is not what was sealed. */
static Span
try_seal(const pg_uuid_t *realm_id, const KeyRow *row, uint8_t bytes[KEY_MATERIAL_MAX])
{
	if (row->sealed.size > KEY_MATERIAL_MAX + SEAL_OVERHEAD ||
		!unseal(row->master_key_id, row->sealed, seal_context(realm_id, row->kid, row->alg, row->public_half), bytes))
		return (Span) {0};
	return (Span) {(char *) bytes, row->sealed.size - SEAL_OVERHEAD};
}

/* Open the seal of a row, whose private half is returned in bytes; or raise SU011. */
static Span
open_seal(const pg_uuid_t *realm_id, const KeyRow *row, uint8_t bytes[KEY_MATERIAL_MAX])
{
	Span		private_half;

	if (!is_sealed_here(row))
		raise_unopened("It was sealed under a master key that is not here.");
	private_half = try_seal(realm_id, row, bytes);
	if (private_half.data == NULL)
		raise_unopened("Its row is not what was sealed.");
	return private_half;
}

/* Open a key of a row, its private half only if it is needed; or raise SU011. */
static void
open_key(const pg_uuid_t *realm_id, const KeyRow *row, bool with_private_half, SigningKey *key)
{
	uint8_t		bytes[KEY_MATERIAL_MAX];
	Span		private_half = open_seal(realm_id, row, bytes);
	bool		is_open = key->is_authentic || jwt_key_open_public(&key->jwt, row->public_half);

	key->is_authentic = is_open;
	if (is_open && with_private_half)
		key->can_sign = is_open = jwt_key_open_private(&key->jwt, private_half);
	sodium_memzero(bytes, sizeof(bytes));
	if (!is_open)
		raise_unopened("What was sealed is no key.");
}

/* Take what a row says of its key that may change; return the key. */
static const SigningKey *
take_state(CacheEntry *entry, const KeyRow *row, uint64 snapshot)
{
	entry->snapshot = snapshot;
	entry->key.is_retired = row->is_retired;
	entry->key.retired_at = row->retired_at;
	entry->key.session_minutes = row->session_minutes;
	return &entry->key;
}

/* Put the key of a row into the cache, its private half only if it is needed. */
static const SigningKey *
cache_row(const pg_uuid_t *realm_id, const KeyRow *row, uint64 snapshot, bool with_private_half)
{
	bool		found;
	CacheEntry *entry = cache_entry(realm_id, row->kid, &found);
	SigningKey *key = &entry->key;

	if (!found)
	{
		strlcpy(key->kid, row->kid, sizeof(key->kid));
		key->jwt.alg = alg_of(row->alg);
	}
	entry->opened_at = 0;
	with_private_half |= key->jwt.alg == JWT_HS256;
	if (!is_sealed_here(row) || !key->is_authentic || (with_private_half && !key->can_sign))
		open_key(realm_id, row, with_private_half, key);
	entry->opened_at = GetCurrentTimestamp();
	return take_state(entry, row, snapshot);
}

/* Tell whether a key was opened a moment ago; not across a clock that was set back. */
static bool
is_open(const CacheEntry *entry)
{
	TimestampTz now = GetCurrentTimestamp();

	return entry->opened_at <= now && now < entry->opened_at + CACHE_LIFE;
}

/*
 * Return a number of the caller's snapshot. Another one of the same number
 * shows the same rows: a transaction that ends is the latest so far, or one
 * fewer among those that are under way before that. 0, which is no number,
 * where this transaction has written itself, which nobody counts, and where
 * transactions can be prepared: one that just is counts as two.
 */
static uint64
snapshot_number(void)
{
	Snapshot	snapshot = GetActiveSnapshot();

	if (TransactionIdIsValid(GetTopTransactionIdIfAny()) || (max_prepared_xacts > 0 && !snapshot->takenDuringRecovery))
		return 0;
	return (uint64) snapshot->xmax << 32 | (uint32) (snapshot->takenDuringRecovery ? snapshot->subxcnt : (int32) snapshot->xcnt);
}

/* Find a key to verify with, retired or not; NULL if there is none. */
const SigningKey *
signing_key_for_verifying(const pg_uuid_t *realm_id, const char *kid)
{
	static Lookup key_by_kid = {
		.table = "signing_keys", .index = "signing_keys_pkey", .keys = "realm_id, kid", .columns = KEY_COLUMNS
	};
	bool		is_cached;
	CacheEntry *entry = cache_entry(realm_id, kid, &is_cached);
	uint64		snapshot = snapshot_number();
	Parameters	keys = {0};
	Found		found;

	if (is_cached && is_open(entry) && snapshot != 0 && entry->snapshot == snapshot)
		return &entry->key;
	if (!is_cached)
		cache_remove(entry);
	add_uuid(&keys, realm_id);
	add_text(&keys, kid);
	if (lookup_read(&key_by_kid, &keys, &found))
	{
		KeyRow		row = key_row_found(&found);

		if (is_cached && is_open(entry))
			return take_state(entry, &row, snapshot);
		if (!is_lost(&row))
			return cache_row(realm_id, &row, snapshot, false);
	}
	if (is_cached)
		cache_remove(entry);
	return NULL;
}

/* Find the live key of an algorithm; NULL if there is none. */
static const SigningKey *
find_live_key(const pg_uuid_t *realm_id, const char *alg, bool with_private_half)
{
	static Statement select_live = STATEMENT(
		"SELECT " KEY_COLUMNS " FROM arsignup.signing_keys"
		" WHERE realm_id = $1 AND alg = $2 AND retired_at IS NULL");
	Parameters	parameters = {0};
	KeyRow		row;

	add_uuid(&parameters, realm_id);
	add_text(&parameters, alg);
	if (statement_run(&select_live, &parameters) == 0)
		return NULL;
	row = key_row(0);
	return cache_row(realm_id, &row, 0, with_private_half);
}

/* ---------- making keys ---------- */

/* Insert a new key; false if the realm has a live one of that algorithm. */
static bool
insert_key(const Realm *realm, const char *kid, const KeyMaterial *material, TimestampTz now)
{
	static Statement insert_key = STATEMENT(
		"INSERT INTO arsignup.signing_keys (realm_id, kid, created_at, alg, public_key, sealed_key,"
		" master_key_id, session_minutes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
		" ON CONFLICT DO NOTHING");
	Span		public_half = {(const char *) material->public_half, material->public_size};
	Span		private_half = {(const char *) material->private_half, material->private_size};
	Span		context = seal_context(&realm->id, kid, realm->jwt_alg, public_half);
	uint8_t    *sealed = palloc(private_half.size + SEAL_OVERHEAD);
	uint8_t		master_id[MASTER_KEY_ID_SIZE];
	Parameters	parameters = {0};

	master_keys_require();
	seal(private_half, context, sealed, master_id);
	add_uuid(&parameters, &realm->id);
	add_text(&parameters, kid);
	add_time(&parameters, now);
	add_text(&parameters, realm->jwt_alg);
	add_bytes(&parameters, public_half.data, public_half.size);
	add_bytes(&parameters, sealed, private_half.size + SEAL_OVERHEAD);
	add_bytes(&parameters, master_id, MASTER_KEY_ID_SIZE);
	add_int4(&parameters, realm->session_minutes);
	return statement_run(&insert_key, &parameters) == 1;
}

/* Return a new key's id. */
static char *
new_kid(TimestampTz now)
{
	pg_uuid_t	id = id_make(now);
	char		number[BASE62_UUID_LENGTH];

	base62_encode_uuid(id.data, number);
	return psprintf("jk_%.*s", BASE62_UUID_LENGTH, number);
}

/* Make and insert a key; return its id, or NULL if the realm has a live one of that algorithm. */
static const char *
make_key(const Realm *realm)
{
	TimestampTz now = GetCurrentTimestamp();
	char	   *kid = new_kid(now);
	KeyMaterial material;
	bool		made = key_material_make(alg_of(realm->jwt_alg), &material);
	bool		inserted = false;

	PG_TRY();
	{
		inserted = made && insert_key(realm, kid, &material, now);
	}
	PG_FINALLY();
	{
		sodium_memzero(&material, sizeof(material));
	}
	PG_END_TRY();
	if (!made)
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_KEY),
				 errmsg("could not make a signing key")));
	return inserted ? kid : NULL;
}

/*
 * Tell whether there is no master key; refuse that if keys are alive that were
 * sealed under one. Who has just sealed the first had made the file before.
 */
static bool
master_is_missing(void)
{
	static Statement select_keys = STATEMENT("SELECT FROM arsignup.signing_keys WHERE " IS_ALIVE("$1") " LIMIT 1");
	Parameters	parameters = {0};

	if (master_keys_exist())
		return false;
	add_time(&parameters, GetCurrentTimestamp() - SIGNING_KEY_GRACE);
	if (statement_run(&select_keys, &parameters) == 0)
		return true;
	if (master_keys_exist())
		return false;
	ereport(ERROR,
			(errcode(ERRCODE_ARSIGNUP_KEY),
			 errmsg("signing key cannot be opened"),
			 errdetail("The key file \"%s\" does not exist, but keys sealed under it do.", key_file_setting),
			 errhint("Copy it from the server that sealed them; if it is lost, call arsignup.rotate_signing_key with"
					 " give_up_master_key => true.")));
}

/*
 * Have a master key, made if there is none: not by the way while there is a
 * standby, which would have no copy of it and log nobody in once it is promoted.
 */
void
signing_keys_need_master(void)
{
	if (!master_is_missing())
		return;
	if (!RecoveryInProgress() && standby_is_attached())
		ereport(ERROR,
				(errcode(ERRCODE_ARSIGNUP_KEY),
				 errmsg("cannot make the key file \"%s\" while there is a standby", key_file_setting),
				 errdetail("The standby would have no copy of it, and could sign and verify nothing."),
				 errhint("Call arsignup.make_master_key, and copy the file to every standby.")));
	(void) master_key_make();
}

/* Make the master key because somebody says so, if there is none; tell whether that was done, and what standbys need then. */
static bool
make_master_key(void)
{
	if (!master_key_make())
		return false;
	if (standby_is_attached())
		ereport(WARNING,
				(errcode(ERRCODE_ARSIGNUP_KEY),
				 errmsg("standbys need a copy of the key file \"%s\"", key_file_setting),
				 errdetail("Without it they sign and verify nothing.")));
	return true;
}

/* Make the master key if there is none, nor keys that would have to be sealed under another; tell whether that was done. */
bool
signing_keys_make_master(void)
{
	(void) master_is_missing();
	return make_master_key();
}

/*
 * Note that a key signs for longer sessions than any so far. Whoever is just
 * noting it does so for all, and nobody waits.
 */
static void
note_longer_session(const Realm *realm, const char *kid, int minutes)
{
	static Statement update_key = STATEMENT(
		"UPDATE arsignup.signing_keys SET session_minutes = $3 WHERE realm_id = $1 AND kid ="
		" (SELECT kid FROM arsignup.signing_keys WHERE realm_id = $1 AND kid = $2 AND session_minutes < $3"
		"  FOR NO KEY UPDATE SKIP LOCKED)");
	Parameters	parameters = {0};

	add_uuid(&parameters, &realm->id);
	add_text(&parameters, kid);
	add_int4(&parameters, minutes);
	(void) statement_run(&update_key, &parameters);
}

/* Return how many minutes a key has to remember for a session of this length. */
static int
minutes_of(int64 session_length)
{
	return (session_length + USECS_PER_MINUTE - 1) / USECS_PER_MINUTE;
}

/* Return the key that signs now for a session of this length; NULL if it would have to be made or changed for that. */
const SigningKey *
signing_key_ready(const Realm *realm, int64 session_length)
{
	const SigningKey *key = find_live_key(&realm->id, realm->jwt_alg, true);

	return key != NULL && key->session_minutes >= minutes_of(session_length) ? key : NULL;
}

/* How often somebody else may be faster in making a key; beyond that, no key can be made. */
#define MAKE_TRIES 10

/* Return the key that signs now for a session of this length, made if it is the realm's first; or raise SU011. */
const SigningKey *
signing_key_current(const Realm *realm, int64 session_length)
{
	int			minutes = minutes_of(session_length);
	const SigningKey *key;

	for (int tries = 0; (key = find_live_key(&realm->id, realm->jwt_alg, true)) == NULL; tries++)
	{
		if (tries == MAKE_TRIES)
			raise_suppressed("signing_keys");
		signing_keys_need_master();
		(void) make_key(realm);
		CHECK_FOR_INTERRUPTS();
	}
	if (key->session_minutes < minutes)
		note_longer_session(realm, key->kid, minutes);
	return key;
}

/*
 * Retire the realm's live keys and make a new one; return its id. None is
 * retired before it was made, even if the clock was set back since: what it
 * signed then would be void. A master key under which keys are sealed is given
 * up for a new one only by who says so.
 */
const char *
signing_key_rotate(const Realm *realm, bool gives_up_master_key)
{
	static Statement retire_keys = STATEMENT(
		"UPDATE arsignup.signing_keys SET retired_at = greatest($2, created_at) WHERE realm_id = $1 AND retired_at IS NULL");
	const char *kid = NULL;

	if (gives_up_master_key)
		(void) make_master_key();
	signing_keys_need_master();
	for (int tries = 0; kid == NULL; tries++)
	{
		Parameters	parameters = {0};

		if (tries == MAKE_TRIES)
			raise_suppressed("signing_keys");
		add_uuid(&parameters, &realm->id);
		add_time(&parameters, GetCurrentTimestamp());
		(void) statement_run(&retire_keys, &parameters);
		kid = make_key(realm);
		CHECK_FOR_INTERRUPTS();
	}
	return kid;
}

/* ---------- the master key ---------- */

/* Called for a key that is alive. */
typedef void (*KeyVisit) (const pg_uuid_t *realm_id, const KeyRow *row, void *argument);

/* The place of a key among all, in the order of the primary key. */
typedef struct KeyPlace
{
	pg_uuid_t	realm_id;
	const char *kid;
} KeyPlace;

/* How many keys are read at a time. */
#define PAGE_SIZE 1000

/* Read keys that are alive, those behind a place, into SPI_tuptable; return how many. */
static uint64
read_page(const KeyPlace *place)
{
	static Statement select_page = STATEMENT(
		"SELECT " KEY_COLUMNS ", realm_id FROM arsignup.signing_keys"
		" WHERE (realm_id, kid) > ($1, $2) AND " IS_ALIVE("$3") " ORDER BY realm_id, kid LIMIT 1000");
	Parameters	parameters = {0};

	add_uuid(&parameters, &place->realm_id);
	add_text(&parameters, place->kid);
	add_time(&parameters, GetCurrentTimestamp() - SIGNING_KEY_GRACE);
	return statement_read(&select_page, &parameters);
}

/* Visit the keys of a page, and move the place behind them. */
static void
visit_page(SPITupleTable *page, KeyVisit visit, void *argument, KeyPlace *place)
{
	MemoryContext memory = CurrentMemoryContext;
	KeyRow	   *rows = palloc(page->numvals * sizeof(KeyRow));
	pg_uuid_t  *realm_ids = palloc(page->numvals * sizeof(pg_uuid_t));
	bool		isnull;

	for (uint64 i = 0; i < page->numvals; i++)
	{
		rows[i] = key_row(i);	/* before a visit brings another table */
		realm_ids[i] = *DatumGetUUIDP(SPI_getbinval(page->vals[i], page->tupdesc, 8, &isnull));
	}
	for (uint64 i = 0; i < page->numvals; i++)
	{
		visit(&realm_ids[i], &rows[i], argument);
		MemoryContextSwitchTo(memory);	/* a statement leaves another */
	}
	place->realm_id = realm_ids[page->numvals - 1];
	strlcpy(unconstify(char *, place->kid), rows[page->numvals - 1].kid, JWT_KID_MAX + 1);
}

/* Visit all keys of this database that are alive. */
static void
visit_keys(KeyVisit visit, void *argument)
{
	MemoryContext spi = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(spi, "arsignup visit of keys", ALLOCSET_DEFAULT_SIZES);
	char		kid[JWT_KID_MAX + 1] = "";
	KeyPlace	place = {.kid = kid};
	uint64		found;

	do
	{
		SPITupleTable *page;

		CHECK_FOR_INTERRUPTS();
		found = read_page(&place);
		page = SPI_tuptable;
		MemoryContextSwitchTo(work);
		if (found > 0)
			visit_page(page, visit, argument, &place);
		MemoryContextSwitchTo(spi);
		SPI_freetuptable(page);
		MemoryContextReset(work);
	} while (found == PAGE_SIZE);
}

/* Take another seal for a key, unless it was changed meanwhile; tell whether that was done. */
static bool
store_seal(const pg_uuid_t *realm_id, const KeyRow *row, const uint8_t *sealed, const uint8_t *master_id)
{
	static Statement update_key = STATEMENT(
		"UPDATE arsignup.signing_keys SET sealed_key = $4, master_key_id = $5"
		" WHERE realm_id = $1 AND kid = $2 AND sealed_key = $3");
	static Statement find_key = STATEMENT(
		"SELECT FROM arsignup.signing_keys WHERE realm_id = $1 AND kid = $2 AND sealed_key = $3");
	Parameters	parameters = {0};

	add_uuid(&parameters, realm_id);
	add_text(&parameters, row->kid);
	add_bytes(&parameters, row->sealed.data, row->sealed.size);
	add_bytes(&parameters, sealed, row->sealed.size);
	add_bytes(&parameters, master_id, MASTER_KEY_ID_SIZE);
	return statement_touch_any(&update_key, &find_key, &parameters, "signing_keys");
}

/* What came of sealing keys anew. */
typedef struct Resealing
{
	uint64		resealed;
	uint64		unopened;
} Resealing;

/*
 * Seal a key anew under the first master key, unless it is; note what came of
 * it. Between opening and sealing nothing can fail, so that nothing of the
 * private half stays behind.
 */
static void
reseal(const pg_uuid_t *realm_id, const KeyRow *row, void *argument)
{
	Resealing  *resealing = argument;
	Span		context = seal_context(realm_id, row->kid, row->alg, row->public_half);
	uint8_t    *sealed = palloc(row->sealed.size);
	uint8_t		master_id[MASTER_KEY_ID_SIZE];
	uint8_t		bytes[KEY_MATERIAL_MAX];
	Span		private_half;

	if (master_key_seals(row->master_key_id))
		return;
	private_half = try_seal(realm_id, row, bytes);
	if (private_half.data != NULL)
		seal(private_half, context, sealed, master_id);
	sodium_memzero(bytes, sizeof(bytes));
	if (private_half.data == NULL)
		resealing->unopened++;
	else if (store_seal(realm_id, row, sealed, master_id))
		resealing->resealed++;
}

/* Seal all keys that are alive under the first master key; return how many were sealed under another. */
uint64
signing_keys_reseal(void)
{
	Resealing	resealing = {0};

	master_keys_require();
	visit_keys(reseal, &resealing);
	if (resealing.unopened > 0)
		ereport(WARNING,
				(errcode(ERRCODE_ARSIGNUP_KEY),
				 errmsg_plural("%llu signing key cannot be opened, and was left as it is",
							   "%llu signing keys cannot be opened, and were left as they are",
							   resealing.unopened, (unsigned long long) resealing.unopened),
				 errhint("arsignup.check_settings says why.")));
	return resealing.resealed;
}

/* Count a key that is alive, and see whether it opens. */
static void
take_census(const pg_uuid_t *realm_id, const KeyRow *row, void *argument)
{
	KeyCensus  *census = argument;
	uint8_t		bytes[KEY_MATERIAL_MAX];

	census->alive++;
	if (census->trouble.problem != NULL)
		return;
	if (!is_sealed_here(row))
		census->elsewhere++;
	else if (try_seal(realm_id, row, bytes).data == NULL)
		census->damaged++;
	sodium_memzero(bytes, sizeof(bytes));
}

/*
 * Count the keys of this database that are alive, and those among them that
 * this server cannot open; none if the tables are not there yet. Reads only.
 */
void
signing_keys_census(KeyCensus *census)
{
	memset(census, 0, sizeof(KeyCensus));
	(void) master_keys_load(&census->trouble);
	if (tables_are_ready())
		visit_keys(take_census, census);
}

/* Return how many keys that are alive this server cannot open. */
int64
key_census_unopened(const KeyCensus *census)
{
	return census->trouble.problem != NULL ? census->alive : census->elsewhere + census->damaged;
}

/* Return a sentence about some of the keys that are alive. */
static char *
unopened_sentence(uint64 keys, uint64 alive, const char *reason)
{
	return psprintf(UINT64_FORMAT " of " UINT64_FORMAT " live signing keys cannot be opened, since %s:"
					" they sign no login token and verify none.", keys, alive, reason);
}

/* Say what keeps this server from opening the keys of this database that are alive. */
void
signing_keys_check(KeyFinding tell, void *argument)
{
	KeyCensus	census;
	KeyTrouble *trouble = &census.trouble;

	signing_keys_census(&census);
	if (trouble->is_missing && census.alive == 0 && !RecoveryInProgress())
		tell(argument, "There is no master key yet: the first signature makes it, and replicas that were made before are without it.",
			 "Call arsignup.make_master_key before replicas are made.");
	else if (trouble->problem != NULL)
		tell(argument, psprintf("No login token is signed or verified, since %s cannot be used: %s.",
								master_key_place(), trouble->problem), trouble->remedy);
	if (census.elsewhere > 0)
		tell(argument, unopened_sentence(census.elsewhere, census.alive, "another master key sealed them"),
			 psprintf("Add the master key of the server that sealed them to %s; if that is lost, call arsignup.rotate_signing_key for their realms, unless they are retired.",
					  master_key_place()));
	if (census.damaged > 0)
		tell(argument, unopened_sentence(census.damaged, census.alive, "their rows are not what was sealed"),
			 "Bring their rows of arsignup.signing_keys back from a backup, or call arsignup.rotate_signing_key for their realms, unless they are retired.");
}

/* ---------- showing keys ---------- */

/* Append a public key as a JSON Web Key, once its row is known to be what was sealed; or raise SU011. */
static void
append_jwk(StringInfo json, const pg_uuid_t *realm_id, const KeyRow *row)
{
	SigningKey	key = {.jwt.alg = alg_of(row->alg)};
	char		jwk[KEY_MATERIAL_MAX];

	open_key(realm_id, row, false, &key);
	if (jwk_format(&key.jwt, row->kid, jwk, sizeof(jwk)))
		appendStringInfo(json, "%s%s", json->data[json->len - 1] == '[' ? "" : ",", jwk);
	jwt_key_close(&key.jwt);
}

/* Return the realm's public keys whose tokens may still hold, as a JSON Web Key Set; or raise SU011. */
char *
signing_keys_jwks(const Realm *realm, TimestampTz now)
{
	static Statement select_keys = STATEMENT(
		"SELECT " KEY_COLUMNS " FROM arsignup.signing_keys WHERE realm_id = $1 AND alg <> 'HS256'"
		" AND " IS_ALIVE("$2") " ORDER BY created_at DESC, kid");
	Parameters	parameters = {0};
	StringInfoData json;
	uint64		keys;

	add_uuid(&parameters, &realm->id);
	add_time(&parameters, now - SIGNING_KEY_GRACE);
	keys = statement_read(&select_keys, &parameters);
	initStringInfo(&json);
	appendStringInfoString(&json, "{\"keys\":[");
	for (uint64 i = 0; i < keys; i++)
	{
		KeyRow		row = key_row(i);

		if (!is_lost(&row))
			append_jwk(&json, &realm->id, &row);
	}
	appendStringInfoString(&json, "]}");
	return json.data;
}

/* Return what apps verify the realm's tokens with: the shared secret, or the public key as PEM. */
char *
signing_key_reveal(const Realm *realm)
{
	const SigningKey *key = signing_key_current(realm, 0);
	char	   *pem = palloc(KEY_MATERIAL_MAX);

	if (key->jwt.alg == JWT_HS256)
		return pnstrdup((const char *) key->jwt.secret, key->jwt.secret_size);
	if (!public_pem_format(&key->jwt, pem, KEY_MATERIAL_MAX))
		raise_unopened("Its public half is damaged.");
	return pem;
}

/* Return how many keys of an algorithm sign, at most so many, and when the oldest was made, if there is one. */
int64
signing_keys_count(const char *alg, int64 max_rows, TimestampTz *oldest)
{
	static Statement count_keys = STATEMENT(
		COUNT_OF("SELECT created_at FROM arsignup.signing_keys"
				 " WHERE alg = $1 COLLATE \"C\" AND retired_at IS NULL ORDER BY created_at LIMIT $2"));
	Parameters	parameters = {0};

	add_text(&parameters, alg);
	add_int8(&parameters, max_rows);
	return statement_count(&count_keys, &parameters, oldest);
}

/* Signing keys of a realm. */
RealmRows	realm_signing_keys = REALM_ROWS("signing_keys", "kid", false);
