/*
 * Secrets: how they come in, where they may lie, and that they are wiped.
 */
#include "base/secret.h"

#include <sodium.h>

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/unicode_norm.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* The mark of the highest combining class, 240, which no other has. */
#define LAST_MARK 0x0345

/* Into so many code points one is decomposed at most. */
#define MAX_DECOMPOSITION 4

/* A buffer of a scope: a link in the list of what has to be wiped. */
typedef struct SecretBuffer
{
	struct SecretBuffer *next;
	size_t		size;
	char		data[FLEXIBLE_ARRAY_MEMBER];
} SecretBuffer;

/* Lives in the context that it empties, where nobody else allocates or frees. */
struct SecretStore
{
	MemoryContext context;
	MemoryContextCallback on_reset;
	SecretBuffer *buffers;
};

/* Wipe all buffers of a store: called when its context goes, by whatever exit. */
static void
wipe_store(void *arg)
{
	SecretStore *store = arg;

	for (SecretBuffer *buffer = store->buffers; buffer != NULL; buffer = buffer->next)
		sodium_memzero(buffer->data, buffer->size);
}

/* Keep the statement, which may hold a secret as a literal, out of the log. */
static void
hide_statement(void *arg)
{
	errhidestmt(true);
	errhidecontext(true);
}

/* Begin to handle secrets. */
void
secret_scope_open(SecretScope *scope)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "arsignup secrets",
												  ALLOCSET_SMALL_SIZES);

	scope->store = MemoryContextAllocZero(context, sizeof(SecretStore));
	scope->store->context = context;
	scope->store->on_reset.func = wipe_store;
	scope->store->on_reset.arg = scope->store;
	MemoryContextRegisterResetCallback(context, &scope->store->on_reset);

	scope->hide.callback = hide_statement;
	scope->hide.arg = NULL;
	scope->hide.previous = error_context_stack;
	error_context_stack = &scope->hide;
}

/* Wipe what the scope holds; errors show their statements again. */
void
secret_scope_close(SecretScope *scope)
{
	error_context_stack = scope->hide.previous;
	MemoryContextDelete(scope->store->context);
}

/* Take a buffer that is wiped with its scope; without a scope, plain memory. */
void *
secret_alloc(SecretScope *scope, size_t size)
{
	SecretBuffer *buffer;

	if (scope == NULL)
		return palloc(size);
	buffer = MemoryContextAlloc(scope->store->context, offsetof(SecretBuffer, data) + size);
	buffer->size = size;
	buffer->next = scope->store->buffers;
	scope->store->buffers = buffer;
	return buffer->data;
}

/* Return the type of secrets; InvalidOid where the extension is not. */
Oid
secret_type(void)
{
	Oid			schema = get_namespace_oid("arsignup", true);

	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("secret"), ObjectIdGetDatum(schema));
}

/* Read an argument of type secret; a null one has no data. A copy made on the way is wiped. */
Span
secret_argument(SecretScope *scope, FunctionCallInfo fcinfo, int argument)
{
	struct varlena *given;
	struct varlena *packed;
	Span		secret = {NULL, 0};

	if (PG_ARGISNULL(argument))
		return secret;
	given = (struct varlena *) PG_GETARG_POINTER(argument);
	packed = pg_detoast_datum_packed(given);
	secret.size = VARSIZE_ANY_EXHDR(packed);
	secret.data = VARDATA_ANY(packed);
	if (packed != given)
	{
		char	   *owned = secret_alloc(scope, secret.size);

		memcpy(owned, secret.data, secret.size);
		sodium_memzero(VARDATA_ANY(packed), secret.size);
		secret.data = owned;
	}
	return secret;
}

/* Count code points up to the zero that ends them. */
static size_t
count_code_points(const pg_wchar *code_points)
{
	size_t		count = 0;

	while (code_points[count] != 0)
		count++;
	return count;
}

/*
 * Decompose code points; return how many come out. The server is given one at
 * a time, since it orders marks by exchanging neighbours, which takes the
 * square of how many there are.
 */
static size_t
decompose(const pg_wchar *code_points, pg_wchar *out)
{
	size_t		length = 0;

	for (; *code_points != 0; code_points++)
	{
		pg_wchar	alone[] = {*code_points, 0};
		pg_wchar   *parts = unicode_normalize(UNICODE_NFD, alone);
		size_t		count = count_code_points(parts);

		memcpy(out + length, parts, count * sizeof(pg_wchar));
		length += count;
		sodium_memzero(parts, count * sizeof(pg_wchar));
		pfree(parts);
	}
	out[length] = 0;
	return length;
}

/*
 * Tell whether of two code points the second is a mark that belongs before the
 * first. The server tells nobody a combining class, but whether two are in
 * order; of code points that are decomposed, nothing else is told here.
 */
static bool
are_out_of_order(pg_wchar first, pg_wchar second)
{
	pg_wchar	pair[] = {first, second, 0};

	return unicode_is_normalized_quickcheck(UNICODE_NFC, pair) == UNICODE_NORM_QC_NO;
}

/* Tell whether a code point is a mark with a place in the order. */
static bool
is_mark(pg_wchar c)
{
	return c == LAST_MARK || are_out_of_order(LAST_MARK, c);
}

/* Sort marks by combining class, each class in its order, by merging halves; spare has room for one of them. */
static void
sort_marks(pg_wchar *marks, size_t count, pg_wchar *spare)
{
	size_t		half = count / 2;
	size_t		left = 0;
	size_t		right = half;

	if (count < 2)
		return;
	sort_marks(marks, half, spare);
	sort_marks(marks + half, count - half, spare);
	memcpy(spare, marks, half * sizeof(pg_wchar));
	while (left < half)
	{
		pg_wchar   *next = marks + left + right - half;

		if (right < count && are_out_of_order(spare[left], marks[right]))
			*next = marks[right++];
		else
			*next = spare[left++];
	}
}

/* Sort the marks behind each letter. */
static void
order_marks(pg_wchar *code_points, size_t length, pg_wchar *spare)
{
	for (size_t i = 0; i < length;)
	{
		size_t		first = i;

		while (i < length && is_mark(code_points[i]))
			i++;
		sort_marks(code_points + first, i - first, spare);
		i += i == first;
	}
}

/*
 * Compose decomposed and ordered code points. The server's normaliser frees
 * its working copy, of their size, without wiping it. We take and wipe the
 * chunk that was freed last: an allocation set hands a freed chunk out again
 * to the next request of its size. The context is gone afterwards, and with it
 * whatever came of a server that behaves otherwise.
 */
static size_t
compose(const pg_wchar *code_points, size_t length, pg_wchar *out)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "arsignup normalisation",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(scratch);
	size_t		working_size = (length + 1) * sizeof(pg_wchar);
	pg_wchar   *composed = unicode_normalize(UNICODE_NFC, code_points);
	size_t		count = count_code_points(composed);

	sodium_memzero(palloc(working_size), working_size);
	memcpy(out, composed, count * sizeof(pg_wchar));
	sodium_memzero(composed, count * sizeof(pg_wchar));
	MemoryContextSwitchTo(previous);
	MemoryContextDelete(scratch);
	return count;
}

/* Bring code points into normal form C, as unicode_normalize does but for the time; return how many there are then. */
static size_t
normalize_code_points(SecretScope *scope, const pg_wchar *code_points, size_t length, pg_wchar **out)
{
	size_t		size = (length * MAX_DECOMPOSITION + 1) * sizeof(pg_wchar);
	pg_wchar   *decomposed = secret_alloc(scope, size);

	*out = secret_alloc(scope, size);
	length = decompose(code_points, decomposed);
	order_marks(decomposed, length, *out);
	return compose(decomposed, length, *out);
}

/*
 * Bring valid UTF-8 into Unicode's normal form C, in memory of the scope. The
 * caller knows that it is no longer than it may be.
 */
Span
secret_to_nfc(SecretScope *scope, Span text)
{
	Span		rest = text;
	pg_wchar   *code_points;
	size_t		length = 0;
	char	   *out;

	if (span_is_ascii(text))
		return text;
	code_points = secret_alloc(scope, (text.size + 1) * sizeof(pg_wchar));
	while (utf8_next(&rest, &code_points[length]))
		length++;
	code_points[length] = 0;
	if (rest.size > 0)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("invalid UTF-8")));
	if (unicode_is_normalized_quickcheck(UNICODE_NFC, code_points) == UNICODE_NORM_QC_YES)
		return text;

	length = normalize_code_points(scope, code_points, length, &code_points);
	out = secret_alloc(scope, length * 4 + 1);
	text.data = out;
	for (size_t i = 0; i < length; i++)
		out += utf8_put(code_points[i], out);
	text.size = out - text.data;
	return text;
}

/* The same for text that is no secret, in plain memory. */
Span
text_to_nfc(Span text)
{
	return secret_to_nfc(NULL, text);
}

/* So many bytes a compatible decomposition makes of one at most: U+FDFA, of three, is 18 code points. */
#define COMPATIBLE_GROWTH 11

/*
 * Bring valid UTF-8 into normal form KC: that is C of what its code points are
 * compatibly, each by itself.
 */
Span
secret_to_nfkc(SecretScope *scope, Span text)
{
	Span		rest = text;
	pg_wchar	alone[] = {0, 0};
	char	   *out;

	if (span_is_ascii(text))
		return text;
	text.data = out = secret_alloc(scope, text.size * COMPATIBLE_GROWTH);
	while (utf8_next(&rest, &alone[0]))
	{
		pg_wchar   *parts = unicode_normalize(UNICODE_NFKD, alone);
		size_t		count = 0;

		for (; parts[count] != 0; count++)
			out += utf8_put(parts[count], out);
		sodium_memzero(parts, count * sizeof(pg_wchar));
		pfree(parts);
	}
	text.size = out - text.data;
	return secret_to_nfc(scope, text);
}
