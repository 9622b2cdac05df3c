/*
 * Text forms of ids.
 */
#include "base/encode.h"

#include "tap.h"

#define ROUNDS 10000
#define ALPHABET "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* Computed with arbitrary-precision numbers. */
static const struct
{
	const char *uuid;
	const char *number;
}			known[] = {
	{"00000000000000000000000000000000", "0000000000000000000000"},
	{"00000000000000000000000000000001", "0000000000000000000001"},
	{"0000000000000000000000000000003d", "000000000000000000000z"},
	{"0000000000000000000000000000003e", "0000000000000000000010"},
	{"000000000000000000000000000000ff", "0000000000000000000047"},
	{"00000000000000000000000000000100", "0000000000000000000048"},
	{"0000000000000002d227003d8d2af800", "0000000000100000000000"},
	{"00112233445566778899aabbccddeeff", "007pSo2b9TNg1cedavCe7z"},
	{"017f22e279b07cc398c4dc0c0c07398f", "02p5oQZoHTv0zeY5yG21K3"},
	{"20db5ae453a9690b6bf0d0b753e00000", "1000000000000000000000"},
	{"80000000000000000000000000000000", "3tX16dB2jpss4tZORYcqo4"},
	{"e5ff7c3e49a1df4ff395b5034b200000", "7000000000000000000000"},
	{"fffffffffffffffffffffffffffffffe", "7n42DGM5Tflk9n8mt7Fhc6"},
	{"ffffffffffffffffffffffffffffffff", "7n42DGM5Tflk9n8mt7Fhc7"},
};

static const Span too_large[] = {
	TEXT("7n42DGM5Tflk9n8mt7Fhc8"),
	TEXT("7n42DGM5Tflk9n8mt7Fhcz"),
	TEXT("7n42DGM5Tflk9n8mt7Fhd0"),
	TEXT("7n42DGM5Tflk9n8mt7Fhd7"),
	TEXT("7n42DGM5Tflk9n8mt7Fi00"),
	TEXT("7n42DGM5Tflk9n90000000"),
	TEXT("7o00000000000000000000"),
	TEXT("8000000000000000000000"),
	TEXT("A000000000000000000000"),
	TEXT("z000000000000000000000"),
	TEXT("zzzzzzzzzzzzzzzzzzzzzz"),
};

static const Span good_prefixes[] = {
	TEXT("a"), TEXT("z"), TEXT("rl"), TEXT("usr"), TEXT("abcdefgh"), TEXT("zzzzzzzz"),
};

static const Span bad_prefixes[] = {
	TEXT(""), TEXT("abcdefghi"), TEXT("U"), TEXT("usR"), TEXT("us1"), TEXT("u_r"), TEXT("_"), TEXT("us-"),
	TEXT(" us"), TEXT("us "), TEXT("us\0"), TEXT("\0us"), TEXT("us\n"), TEXT("\xc3\xa4"), TEXT("us\xff"),
	TEXT("u`"), TEXT("u{"), TEXT("u@"), TEXT("u["),
};

static const Span good_ids[] = {
	TEXT("u_0000000000000000000000"),
	TEXT("usr_02p5oQZoHTv0zeY5yG21K3"),
	TEXT("org_7n42DGM5Tflk9n8mt7Fhc7"),
	TEXT("abcdefgh_0000000000000000000001"),
};

static const Span bad_ids[] = {
	TEXT(""),
	TEXT("_"),
	TEXT("usr"),
	TEXT("usr_"),
	TEXT("0000000000000000000000"),
	TEXT("_0000000000000000000000"),
	TEXT("usr_000000000000000000000"),
	TEXT("usr_00000000000000000000000"),
	TEXT("usr0000000000000000000000"),
	TEXT("usr-0000000000000000000000"),
	TEXT("usr__0000000000000000000000"),
	TEXT("usr__000000000000000000000"),
	TEXT("usr_usr_0000000000000000000000"),
	TEXT("usr_0000000000_00000000000"),
	TEXT(" usr_0000000000000000000000"),
	TEXT("usr_0000000000000000000000 "),
	TEXT("usr_ 000000000000000000000"),
	TEXT("usr_+000000000000000000000"),
	TEXT("usr_-000000000000000000000"),
	TEXT("usr_0000000000000000000000\n"),
	TEXT("usr_0000000000000000000000\0"),
	TEXT("usr_\0" "000000000000000000000"),
	TEXT("u\0r_0000000000000000000000"),
	TEXT("USR_0000000000000000000000"),
	TEXT("us1_0000000000000000000000"),
	TEXT("abcdefghi_0000000000000000000000"),
	TEXT("usr_7n42DGM5Tflk9n8mt7Fhc8"),
	TEXT("usr_zzzzzzzzzzzzzzzzzzzzzz"),
	TEXT("usr_\xc3\xa4" "00000000000000000000"),
	TEXT("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
	TEXT("usr_017f22e279b07cc398c4dc0c0c07398f"),
};

/* How many numbers decoded that are encoded to others. */
static int	changed;

/* Tell whether a number decodes; note if it is then not encoded to the same digits. */
static bool
is_number(Span number)
{
	uint8_t		uuid[UUID_SIZE];
	char		again[BASE62_UUID_LENGTH];

	if (!base62_decode_uuid(number.data, uuid))
		return false;
	base62_encode_uuid(uuid, again);
	changed += memcmp(number.data, again, sizeof(again)) != 0;
	return true;
}

/* Tell whether a span is a prefix. */
static bool
is_prefix(Span prefix)
{
	return is_id_prefix(prefix.data, prefix.size);
}

/* Tell whether a span is an id. */
static bool
is_id(Span id)
{
	uint8_t		uuid[UUID_SIZE];

	return id_parse(id.data, id.size, uuid);
}

/* Check a known pair, both ways. */
static void
check_known(const char *uuid, const char *number)
{
	uint8_t		bytes[UUID_SIZE];
	char		digits[BASE62_UUID_LENGTH + 1] = "";
	char		hex[2 * UUID_SIZE + 1];

	from_hex(uuid, bytes);
	base62_encode_uuid(bytes, digits);
	is_string(digits, number, "encode %s", uuid);
	memset(bytes, 0xaa, sizeof(bytes));
	ok(base62_decode_uuid(number, bytes), "decode %s", number);
	is_string(to_hex(bytes, UUID_SIZE, hex), uuid, "... to %s", uuid);
}

/* Return how many random UUIDs do not come back from their text. */
static int
lost_in_round_trips(void)
{
	int			lost = 0;

	for (int i = 0; i < ROUNDS; i++)
	{
		uint8_t		uuid[UUID_SIZE];
		uint8_t		back[UUID_SIZE] = {0};
		char		digits[BASE62_UUID_LENGTH];

		random_fill(uuid, UUID_SIZE);
		base62_encode_uuid(uuid, digits);
		lost += !base62_decode_uuid(digits, back) || memcmp(uuid, back, UUID_SIZE) != 0;
	}
	return lost;
}

/* Return the sign of a number. */
static int
sign(int number)
{
	return (number > 0) - (number < 0);
}

/* Return how many pairs of UUIDs, alike in their first bytes, sort otherwise than their texts. */
static int
out_of_order(void)
{
	int			wrong = 0;

	for (int i = 0; i < ROUNDS; i++)
	{
		uint8_t		a[UUID_SIZE];
		uint8_t		b[UUID_SIZE];
		char		a_digits[BASE62_UUID_LENGTH];
		char		b_digits[BASE62_UUID_LENGTH];

		random_fill(a, UUID_SIZE);
		random_fill(b, UUID_SIZE);
		memcpy(b, a, i % UUID_SIZE);
		base62_encode_uuid(a, a_digits);
		base62_encode_uuid(b, b_digits);
		wrong += sign(memcmp(a, b, UUID_SIZE)) != sign(memcmp(a_digits, b_digits, BASE62_UUID_LENGTH));
	}
	return wrong;
}

/* Return how many proper beginnings of an id are taken for one. */
static int
accepted_beginnings(Span id)
{
	int			accepted = 0;

	for (size_t size = 0; size < id.size; size++)
		accepted += verdict(is_id, (Span) {id.data, size}) != 0;
	return accepted;
}

/* Check what an id is parsed into, whatever its prefix. */
static void
check_ids(void)
{
	uint8_t		uuid[UUID_SIZE];
	char		hex[2 * UUID_SIZE + 1];

	for (size_t i = 0; i < lengthof(good_ids); i++)
		is_int(verdict(is_id, good_ids[i]), 1, "id %s", show(good_ids[i]));
	for (size_t i = 0; i < lengthof(bad_ids); i++)
		is_int(verdict(is_id, bad_ids[i]), 0, "no id: %s", show(bad_ids[i]));
	for (size_t i = 0; i < lengthof(good_ids); i++)
		is_int(accepted_beginnings(good_ids[i]), 0, "beginnings of %s", show(good_ids[i]));
	is_int(misjudged_bytes(is_id, (Span) TEXT("usr_00000000000000000000000"), 26, ""), 0, "one byte more");
	ok(id_parse(good_ids[1].data, good_ids[1].size, uuid), "parse %s", show(good_ids[1]));
	is_string(to_hex(uuid, UUID_SIZE, hex), "017f22e279b07cc398c4dc0c0c07398f", "... to its UUID");
}

int
main(void)
{
	Span		zero = TEXT("0000000000000000000000");

	plan(3 * lengthof(known) + 2 + lengthof(too_large) + BASE62_UUID_LENGTH + 1 +
		 lengthof(good_prefixes) + lengthof(bad_prefixes) + 2 +
		 2 * lengthof(good_ids) + lengthof(bad_ids) + 3);
	for (size_t i = 0; i < lengthof(known); i++)
		check_known(known[i].uuid, known[i].number);
	is_int(lost_in_round_trips(), 0, "random UUIDs come back");
	is_int(out_of_order(), 0, "texts sort like their UUIDs");
	for (size_t i = 0; i < lengthof(too_large); i++)
		is_int(verdict(is_number, (Span) {too_large[i].data, BASE62_UUID_LENGTH}), 0,
			   "beyond 128 bits: %s", show(too_large[i]));
	for (int i = 0; i < BASE62_UUID_LENGTH; i++)
		is_int(misjudged_bytes(is_number, zero, i, i == 0 ? "01234567" : ALPHABET), 0, "digit %d", i + 1);
	is_int(changed, 0, "whatever decodes is encoded to itself");

	for (size_t i = 0; i < lengthof(good_prefixes); i++)
		is_int(verdict(is_prefix, good_prefixes[i]), 1, "prefix %s", show(good_prefixes[i]));
	for (size_t i = 0; i < lengthof(bad_prefixes); i++)
		is_int(verdict(is_prefix, bad_prefixes[i]), 0, "no prefix: %s", show(bad_prefixes[i]));
	is_int(misjudged_bytes(is_prefix, (Span) TEXT("a"), 0, "abcdefghijklmnopqrstuvwxyz"), 0, "prefixes of one byte");
	is_int(misjudged_bytes(is_prefix, (Span) TEXT("abcdefgh"), 7, "abcdefghijklmnopqrstuvwxyz"), 0,
		   "last byte of a prefix");
	check_ids();
	return tap_status();
}
