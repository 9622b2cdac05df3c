/*
 * Good inputs, spoiled at random: every parser must judge them as regular
 * expressions do, and what it reads must be written again in the same way. The
 * row of inputs is the same in every run.
 */
#include <math.h>
#include <openssl/evp.h>
#include <regex.h>
#include <sodium.h>
#include <time.h>

#include "account/identity.h"
#include "base/base64url.h"
#include "base/encode.h"
#include "base/key.h"
#include "base/token.h"
#include "http/instant.h"
#include "http/params.h"
#include "http/urlencoded.h"
#include "password/form.h"
#include "password/phc.h"
#include "realm/url.h"
#include "tap.h"

/* Rounds for each parser; ROUNDS=… in the environment takes others. */
static int	rounds = 50000;

#define MAX_SIZE 1024

/* What mutations put in: pieces that mean something somewhere. */
static const Span pieces[] = {
	TEXT("@"), TEXT("."), TEXT(".."), TEXT("-"), TEXT("_"), TEXT("+"), TEXT("/"), TEXT("//"), TEXT("\\"), TEXT(":"),
	TEXT("?"), TEXT("#"), TEXT("%"), TEXT("%41"), TEXT("%zz"), TEXT("["), TEXT("]"), TEXT("[::1]"), TEXT("="), TEXT("$"),
	TEXT(","), TEXT(" "), TEXT("\n"), TEXT("\0"), TEXT("\x7f"), TEXT("\x80"), TEXT("\xff"), TEXT("\xc3\xa9"),
	TEXT("e\xcc\x81"), TEXT("\xe2\x80\xae"), TEXT("\xed\xa0\x80"), TEXT("\xf0\x9f\x98\x80"), TEXT("0"), TEXT("1"),
	TEXT("9"), TEXT("00"), TEXT("0x"), TEXT("0x7f"), TEXT("127.0.0.1"), TEXT("255"), TEXT("65535"), TEXT("65536"),
	TEXT("4294967296"), TEXT("a"), TEXT("z"), TEXT("A"), TEXT("localhost"), TEXT("evil.test"), TEXT("http://"),
	TEXT("https://"), TEXT("{"), TEXT("}"), TEXT("\""), TEXT("\"a\":"), TEXT("\\u0000"), TEXT("\\ud83d"), TEXT("e400"),
	TEXT("9223372036854775808"), TEXT("utk_"), TEXT("usr_"), TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
};

/* ---------- second opinions ---------- */

/* Find an extended regular expression in a text; each is compiled once, and says only so much. */
static bool
find(const char *pattern, int flags, Span text, regmatch_t *match)
{
	static struct
	{
		const char *pattern;
		regex_t		compiled;
	}			cache[96];
	size_t		i = 0;

	*match = (regmatch_t) {0, text.size};
	while (i < lengthof(cache) && cache[i].pattern != NULL && cache[i].pattern != pattern)
		i++;
	if (i == lengthof(cache))
		abort();
	if (cache[i].pattern == NULL && regcomp(&cache[i].compiled, pattern, REG_EXTENDED | flags) != 0)
		abort();
	cache[i].pattern = pattern;
	return regexec(&cache[i].compiled, text.data, 1, match, REG_STARTEND) == 0;
}

/* Tell whether an extended regular expression is found in a text. */
static bool
found(const char *pattern, Span text)
{
	regmatch_t	match;

	return find(pattern, REG_NOSUB, text, &match);
}

/* Take what an extended regular expression matches off the front of a text. */
static bool
take(const char *pattern, Span *text, Span *taken)
{
	regmatch_t	match;

	if (!find(pattern, 0, *text, &match))
		return false;
	*taken = (Span) {text->data, match.rm_eo};
	*text = (Span) {text->data + match.rm_eo, text->size - match.rm_eo};
	return true;
}

#define LABEL "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
#define HOST LABEL "(\\." LABEL ")*"
#define ATOM "[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
#define BYTE "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define LOOPBACK "(localhost|127\\.0\\.0\\.1|\\[::1\\])"
#define PORT "(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?"

static bool
expect_host(Span text)
{
	return text.size <= 253 && found("^" HOST "$", text) && !found("[a-z0-9-]{64}", text) &&
		!found("(^|\\.)([0-9]+|0x[^.]*)$", text);
}

static bool
expect_email(Span text)
{
	const char *at = memchr(text.data, '@', text.size);
	Span		host = at ? (Span) {at + 1, text.data + text.size - (at + 1)} : text;

	return at && text.size <= 254 && at - text.data <= 64 && !found("^[^@]*=[?].*[?][bq][?].*[?]=[^@]*@", text) &&
		found("^" ATOM "(\\." ATOM ")*@", (Span) {text.data, at + 1 - text.data}) && expect_host(host);
}

static bool
expect_username(Span text)
{
	return text.size <= 63 && found("^[a-z0-9][a-z0-9._-]*$", text);
}

/* Tell whether a URL's host, which is all up to the port, is one that https may name. */
static bool
expect_https_host(Span rest)
{
	Span		host = {rest.data, 0};

	while (host.size < rest.size && strchr(":/?#", host.data[host.size]) == NULL)
		host.size++;
	return expect_host(host) || found("^" BYTE "(\\." BYTE "){3}$", host) || found("^" LOOPBACK PORT "([/?#]|$)", rest);
}

static bool
expect_url(Span text)
{
	if (text.size > URL_MAX || found("[^]A-Za-z0-9._~:/?#@!$&'()*+,;=%[-]", text) ||
		found("%([^0-9A-Fa-f]|.[^0-9A-Fa-f]|.?$)", text))
		return false;
	return found("^https?://" LOOPBACK PORT "([/?#]|$)", text) ||
		(found("^https://[^]:/?#[]+" PORT "([/?#]|$)", text) &&
		 expect_https_host((Span) {text.data + 8, text.size - 8}));
}

static bool
expect_origin(Span text)
{
	return expect_url(text) && found("^https?://[^/?#]+$", text) &&
		!found("^(https://.*:443|http://.*:80)$", text);
}

static bool
expect_id(Span text)
{
	return found("^[a-z]{1,8}_[0-9A-Za-z]{22}$", text) &&
		memcmp(text.data + text.size - BASE62_UUID_LENGTH, "7n42DGM5Tflk9n8mt7Fhc7", BASE62_UUID_LENGTH) <= 0;
}

/* Numbers of two digits or more, below 2^32. */
#define UINT32_MORE "[1-9][0-9]{1,8}|[1-3][0-9]{9}|4[01][0-9]{8}|42[0-8][0-9]{7}|429[0-3][0-9]{6}|4294[0-8][0-9]{5}|" \
	"42949[0-5][0-9]{4}|429496[0-6][0-9]{3}|4294967[01][0-9]{2}|42949672[0-8][0-9]|429496729[0-5]"
#define BASE64 "[A-Za-z0-9+/]"

/* Whole bytes in base64 without padding. */
#define BYTES "(" BASE64 "{4})*(" BASE64 "{2}[AEIMQUYcgkosw048]|" BASE64 "[AQgw])?"

/* Tell whether the memory of argon2id is enough for its lanes. */
static bool
expect_lanes(Span text)
{
	char	   *end;
	unsigned long memory = strtoul(text.data + strlen("$argon2id$v=19$m="), &end, 10);
	unsigned long lanes;

	(void) strtoul(end + strlen(",t="), &end, 10);
	lanes = strtoul(end + strlen(",p="), NULL, 10);
	return lanes <= 0xffffff && memory >= 8 * lanes;
}

static bool
expect_hash(Span text)
{
	return found("^\\$argon2id\\$v=19\\$m=([89]|" UINT32_MORE "),t=([1-9]|" UINT32_MORE "),p=([1-9]|" UINT32_MORE ")\\$"
				 BYTES "\\$" BYTES "$", text) &&
		found("\\$" BASE64 "{11,171}\\$" BASE64 "{22,86}$", text) && expect_lanes(text);
}

#define DIGIT "[./0-9A-Za-z]"

/* Tell whether r and p of scrypt are positive and their product is below 2^30. */
static bool
expect_scrypt_sizes(Span text)
{
	static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	uint64_t	sizes[2] = {0, 0};

	for (int i = 9; i >= 0; i--)
		sizes[i / 5] = sizes[i / 5] * 64 + (strchr(digits, text.data[4 + i]) - digits);
	return sizes[0] > 0 && sizes[1] > 0 && sizes[0] * sizes[1] < 1 << 30;
}

static bool
expect_crypt(Span text)
{
	return found("^\\$2[aby]\\$(0[4-9]|[12][0-9]|3[01])\\$" DIGIT "{52}[.CGKOSWaeimquy26]$", text) ||
		found("^\\$5\\$(rounds=[1-9][0-9]{3,8}\\$)?" DIGIT "{1,16}\\$" DIGIT "{42}[./0-9A-D]$", text) ||
		found("^\\$6\\$(rounds=[1-9][0-9]{3,8}\\$)?" DIGIT "{1,16}\\$" DIGIT "{85}[./01]$", text) ||
		(found("^\\$y\\$j[/0-9A-Za-j][./0-9A-Za-j]\\$(" DIGIT "{4})*(" DIGIT "{2}[./0-9A-D]|" DIGIT "[./01])?\\$"
			   DIGIT "{42}[./0-9A-D]$", text) && found("^\\$y\\$j..\\$" DIGIT "{1,86}\\$", text)) ||
		(found("^\\$7\\$[/0-9A-Za-z]" DIGIT "{10}" DIGIT "{1,86}\\$" DIGIT "{42}[./0-9A-D]$", text) &&
		 expect_scrypt_sizes(text));
}

/* Expect Django's or Spring's label before a hash of the form that it belongs to. */
static bool
expect_labelled(Span text)
{
	Span		rest = text;

	if (take("^argon2|^[{]argon2(@SpringSecurity_v5_8)?[}]", &text, &rest))
		return expect_hash(text);
	return take("^bcrypt(_sha256)?\\$|^[{]bcrypt[}]", &text, &rest) && found("^\\$2", text) && expect_crypt(text);
}

#define NUMBER "([1-9]|" UINT32_MORE ")"
#define TEXT_SALT "[ -#%-~]{1,128}"
#define TAG20 "{26}[AEIMQUYcgkosw048]"
#define TAG32 "{42}[AEIMQUYcgkosw048]"
#define TAG64 "{85}[AQgw]"
#define PADDED "(" BASE64 "{4})*(" BASE64 "{2}[AEIMQUYcgkosw048]=|" BASE64 "[AQgw]==)?"
#define PASSLIB "[./A-Za-z0-9]"

/* Tell whether a hash in PHC form says how long its tag is: as long as its digest if it is silent. */
static bool
expect_tag_size(Span text)
{
	const char *said = memchr(text.data, ',', text.size);
	unsigned long size = said ? strtoul(said + 3, NULL, 10) : text.data[7] == '$' ? 20 : text.data[11] == '2' ? 32 : 64;
	size_t		length = 0;

	while (text.data[text.size - 1 - length] != '$')
		length++;
	return size >= 16 && size <= 64 && length == (size * 4 + 2) / 3;
}

static bool
expect_pbkdf2(Span text)
{
	return found("^pbkdf2_sha1\\$" NUMBER "\\$" TEXT_SALT "\\$" BASE64 TAG20 "=$", text) ||
		found("^pbkdf2_sha256\\$" NUMBER "\\$" TEXT_SALT "\\$" BASE64 TAG32 "=$", text) ||
		found("^pbkdf2_sha512\\$" NUMBER "\\$" TEXT_SALT "\\$" BASE64 TAG64 "==$", text) ||
		found("^pbkdf2:(sha1:" NUMBER "\\$" TEXT_SALT "\\$[0-9a-f]{40}|sha256:" NUMBER "\\$" TEXT_SALT "\\$[0-9a-f]{64}|"
			  "sha512:" NUMBER "\\$" TEXT_SALT "\\$[0-9a-f]{128})$", text) ||
		(found("^\\$pbkdf2(-sha256|-sha512)?\\$" NUMBER "\\$(" PASSLIB "{4})*(" PASSLIB "{2}[AEIMQUYcgkosw048]|"
			   PASSLIB "[AQgw])?\\$(" PASSLIB "{4})*(" PASSLIB "{2}[AEIMQUYcgkosw048]|" PASSLIB "[AQgw])$", text) &&
		 found("[0-9]\\$[^$]{1,171}\\$[^$]+$", text) && expect_tag_size(text)) ||
		(found("^\\$pbkdf2(-sha256|-sha512)?\\$i=" NUMBER "(,l=" NUMBER ")?\\$" BYTES "\\$" BYTES "$", text) &&
		 found("[0-9]\\$[^$]{1,171}\\$[^$]+$", text) && expect_tag_size(text));
}

/* Tell whether scrypt can have these sizes. */
static bool
expect_sizes(uint64_t n, uint64_t r, uint64_t p)
{
	return n > 1 && (n & (n - 1)) == 0 && r > 0 && p > 0 && r < 1 << 30 && p < 1 << 30 && r * p < 1 << 30;
}

static bool
expect_scrypt(Span text)
{
	char		copy[MAX_SIZE + 1] = "";
	unsigned	n;
	unsigned	r;
	unsigned	p;

	memcpy(copy, text.data, text.size);
	if (found("^[0-9a-f]{32}:[0-9a-f]{128}$", text))
		return true;
	if (found("^\\$scrypt\\$ln=([1-9]|[1-5][0-9]|6[0-3]),r=" NUMBER ",p=" NUMBER "\\$" BYTES "\\$(" BASE64 TAG32 "|" BASE64 TAG64 ")$", text))
		return found("[0-9]\\$[^$]{1,171}\\$[^$]+$", text) &&
			sscanf(copy, "$scrypt$ln=%u,r=%u,p=%u", &n, &r, &p) == 3 && expect_sizes(2, r, p);
	if (found("^scrypt\\$" NUMBER "\\$" TEXT_SALT "\\$" NUMBER "\\$" NUMBER "\\$" BASE64 TAG64 "==$", text))
		return sscanf(copy, "scrypt$%u$%*[^$]$%u$%u$", &n, &r, &p) == 3 && expect_sizes(n, r, p);
	if (found("^scrypt:" NUMBER ":" NUMBER ":" NUMBER "\\$" TEXT_SALT "\\$[0-9a-f]{128}$", text))
		return sscanf(copy, "scrypt:%u:%u:%u$", &n, &r, &p) == 3 && expect_sizes(n, r, p);
	return found("^[{]scrypt(@SpringSecurity_v5_8)?[}]\\$[1-9a-f][0-9a-f]{0,7}\\$" PADDED "\\$(" BASE64 TAG32 "=|" BASE64 TAG64 "==)$", text) &&
		sscanf(strchr(copy, '$'), "$%x$", &n) == 1 &&
		n >> 16 < 64 && expect_sizes(UINT64_C(1) << (n >> 16), n >> 8 & 255, n & 255) &&
		strspn(strchr(strchr(copy, '$') + 1, '$') + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") <= 171 &&
		strchr(strchr(copy, '$') + 1, '$')[1] != '$';
}

static bool
expect_aspnet(Span text)
{
	unsigned char bytes[MAX_SIZE];
	size_t		salt;

	if (text.size < 80 || !found("^AQAAAA" BASE64 "{2}" PADDED "$", text) ||
		EVP_DecodeBlock(bytes, (const unsigned char *) text.data, text.size) < 0)
		return false;
	salt = text.size / 4 * 3 - (text.data[text.size - 1] == '=') - (text.data[text.size - 2] == '=') - 13 - 32;
	return bytes[4] <= 2 && (bytes[5] | bytes[6] | bytes[7] | bytes[8]) != 0 &&
		salt >= 16 && salt <= 128 && bytes[9] == 0 && bytes[10] == 0 && bytes[11] == 0 && bytes[12] == salt;
}

/* Expect a hash of any form. */
static bool
expect_any_hash(Span text)
{
	return expect_hash(text) || expect_labelled(text) || expect_crypt(text) || expect_pbkdf2(text) ||
		expect_scrypt(text) || expect_aspnet(text);
}

static bool
expect_token(Span text)
{
	return found("^utk_[A-Za-z0-9_-]{64}$", text);
}

static bool
expect_base64url(Span text)
{
	return found("^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]|[A-Za-z0-9_-][AQgw])?$", text);
}

static bool
expect_key(Span text)
{
	return text.size == KEY_LENGTH && found("^ko_[0-9A-Za-z]{22}-", text) &&
		memcmp(text.data + KEY_PREFIX_LENGTH, "7n42DGM5Tflk9n8mt7Fhc7", BASE62_UUID_LENGTH) <= 0;
}

#define SPACE "^[ \t\n\r]*"
#define MULTIBYTE "[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|" \
	"\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
#define HEX "[0-9A-Fa-f]"
#define STRING "^\"([] !#-[^-\x7f]|" MULTIBYTE "|\\\\[\"\\/bfnrt]|\\\\u([0-9A-CEFa-cef]" HEX "|[dD][0-7])" HEX "{2}|" \
	"\\\\u[dD][89ABab]" HEX "{2}\\\\u[dD][C-Fc-f]" HEX "{2})*\""

static bool expect_value(Span *rest, int levels);

/* Expect the members of an object or the elements of an array, as far as its end. */
static bool
expect_members(Span *rest, bool is_object, int levels)
{
	const char *end = is_object ? SPACE "}" : SPACE "]";
	Span		taken;

	if (take(end, rest, &taken))
		return true;
	do
	{
		take(SPACE, rest, &taken);
		if (is_object && (!take(STRING, rest, &taken) || found("^([^\\]|\\\\[^u]|\\\\u....)*\\\\u0000", taken) ||
						  !take(SPACE ":", rest, &taken)))
			return false;
		if (!expect_value(rest, levels))
			return false;
	} while (take(SPACE ",", rest, &taken));
	return take(end, rest, &taken);
}

/* Expect a value of JSON that has no more than so many levels. */
static bool
expect_value(Span *rest, int levels)
{
	Span		taken;

	take(SPACE, rest, &taken);
	if (take("^[[{]", rest, &taken))
		return levels > 0 && expect_members(rest, taken.data[0] == '{', levels - 1);
	if (take("^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?", rest, &taken))
	{
		char		number[MAX_SIZE + 1] = "";

		memcpy(number, taken.data, taken.size);
		return isfinite(strtod(number, NULL));
	}
	return take("^(true|false|null)", rest, &taken) || take(STRING, rest, &taken);
}

static bool
expect_json(Span text)
{
	text = span_trim(text);
	return text.size == 0 || (text.data[0] == '{' && expect_value(&text, PARAMS_MAX_DEPTH) && text.size == 0);
}

/* Expect a form of one pair, whose name has at most so many brackets. */
static bool
expect_pair(Span text)
{
	char		buffer[MAX_SIZE];
	Span		name = urlencoded_take(&text, '=');
	const bool	is_empty = name.data + name.size == text.data && name.size == 0;
	Span		value;

	return memchr(name.data, '&', name.size) == NULL && memchr(text.data, '&', text.size) == NULL &&
		(is_empty || (urlencoded_decode(text, true, buffer, &value) && urlencoded_decode(name, true, buffer, &name) &&
					  found("^[^[]+(\\[[^][]*\\]){0,15}$", name)));
}

/* Expect seconds since 1970, or a date, with or without a time of the day, as the C library's calendar has them. */
static bool
expect_instant(Span text)
{
	char		copy[MAX_SIZE + 1];
	struct tm	time = {0};
	struct tm	again;
	int			hours = 0;
	int			minutes = 0;
	char		sign = '+';
	time_t		seconds;

	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	if (found("^[0-9]{1,12}(\\.[0-9]+)?$", text))
		return strtoll(copy, NULL, 10) < INSTANT_END;
	if (!found("^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?"
			   " ?([Zz]|UTC|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?))?$", text))
		return false;
	(void) sscanf(copy, "%d-%d-%d%*c%d:%d:%d", &time.tm_year, &time.tm_mon, &time.tm_mday, &time.tm_hour, &time.tm_min, &time.tm_sec);
	if (text.size > 10 && found("[+-][0-9]{2}:?[0-9]{2}$", text))
		(void) sscanf(copy + text.size - (copy[text.size - 3] == ':' ? 6 : 5), copy[text.size - 3] == ':' ? "%c%2d:%2d" : "%c%2d%2d", &sign, &hours, &minutes);
	else if (text.size > 10 && found("[+-][0-9]{2}$", text))
		(void) sscanf(copy + text.size - 3, "%c%2d", &sign, &hours);
	time.tm_year -= 1900;
	time.tm_mon--;
	again = time;
	seconds = timegm(&again) - (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return again.tm_mday == time.tm_mday && again.tm_mon == time.tm_mon && seconds >= 0 && seconds < INSTANT_END;
}

/* Tell whether a text is UTF-8 without control characters. */
static bool
expect_line(Span text)
{
	return !found("[^\x01-\xff]|[\x01-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]", text) &&
		found("^([\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|"
			  "\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|"
			  "\xf4[\x80-\x8f][\x80-\xbf]{2})*$", text);
}

static bool
expect_trimmed(Span text)
{
	return !found("^[ \t\n\v\f\r]|[ \t\n\v\f\r]$", text);
}

/* ---------- parsers ---------- */

/* How many accepted texts are not what they should be: written again as they were read, canonical. */
static int	changed;

/* Note a text that is not its own lower case. */
static bool
is_lower(Span text)
{
	char		lower[MAX_SIZE + 1];

	ascii_lower(lower, text);
	changed += memcmp(lower, text.data, text.size) != 0;
	return true;
}

/* Tell whether this is an id that is written as it was read; note it if not. */
static bool
is_id(Span text)
{
	uint8_t		uuid[UUID_SIZE];
	char		again[BASE62_UUID_LENGTH];

	if (!id_parse(text.data, text.size, uuid))
		return false;
	base62_encode_uuid(uuid, again);
	changed += memcmp(text.data + text.size - sizeof(again), again, sizeof(again)) != 0;
	return true;
}

/* The same of a hash. */
static bool
is_hash(Span text)
{
	Argon2Hash	hash;
	char		again[PHC_SIZE];

	if (!phc_parse(text, &hash))
		return false;
	phc_format(&hash, again);
	changed += strlen(again) != text.size || memcmp(text.data, again, text.size) != 0;
	return true;
}

/* Tell whether this is a hash of any form. */
static bool
is_any_hash(Span text)
{
	PasswordHash hash;

	return hash_parse(text, &hash);
}

/* The same of base64url; room for a byte less is too little. */
static bool
is_base64url(Span text)
{
	char		bytes[MAX_SIZE];
	char		again[MAX_SIZE + 1];
	size_t		size;
	size_t		other;

	if (!base64url_decode(text, bytes, sizeof(bytes), &size))
		return false;
	sodium_bin2base64(again, sizeof(again), (uint8_t *) bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	changed += strlen(again) != text.size || memcmp(again, text.data, text.size) != 0;
	changed += size > 0 && base64url_decode(text, bytes, size - 1, &other);
	return true;
}

/* The same of a token, as far as it is read: the realm, in 21 characters and a part of the next. */
static bool
is_token(Span text)
{
	uint8_t		realm_id[UUID_SIZE];
	uint8_t		digest[TOKEN_DIGEST_SIZE];
	char		again[32];

	if (!token_parse(SIGNUP_TOKEN_PREFIX, text, realm_id, digest))
		return false;
	sodium_bin2base64(again, sizeof(again), realm_id, UUID_SIZE, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	changed += memcmp(text.data + 4, again, 21) != 0;
	return true;
}

/* The same of an API key: its id. */
static bool
is_key(Span text)
{
	uint8_t		id[UUID_SIZE];
	char		again[BASE62_UUID_LENGTH];

	if (!key_parse(API_KEY_PREFIX, text, id))
		return false;
	base62_encode_uuid(id, again);
	changed += memcmp(text.data + KEY_PREFIX_LENGTH, again, sizeof(again)) != 0;
	return true;
}

/* Note a value that is another when it was written and read again. */
static void
check_written(const Value *value)
{
	char		first[8 * MAX_SIZE];
	char		second[8 * MAX_SIZE];
	size_t		size = value_write(value, first, sizeof(first));
	Value	   *again = params_from_json((Span) {first, size});

	changed += again == NULL || value_write(again, second, sizeof(second)) != size || memcmp(first, second, size) != 0;
	params_free(again);
}

/*
 * Tell whether this is JSON where only some members matter; note it if those
 * are counted wrong, or if it is none where all of them matter.
 */
static bool
is_json(Span text)
{
	Value	   *loose = params_from_loose_json(text);
	Value	   *strict = params_from_json(text);
	int			count = loose != NULL ? params_count_members(text, "a") : 0;

	changed += (count > 0) != (value_member(loose, "a") != NULL);
	changed += strict != NULL && (loose == NULL || count > 1);
	if (strict != NULL)
		check_written(strict);
	params_count_members(text, "a");
	params_free(strict);
	params_free(loose);
	return loose != NULL;
}

/* Tell whether this is a form of one pair. */
static bool
is_pair(Span text)
{
	char	   *buffer = malloc(text.size);
	Value	   *value = params_from_form(text, buffer);

	free(buffer);
	if (value != NULL)
		check_written(value);
	params_free(value);
	return value != NULL && (text.size == 0 || memchr(text.data, '&', text.size) == NULL);
}

/* Tell whether this is a time; note it if it is not of the years that there are. */
static bool
instant_accepts(Span text)
{
	int64_t		microseconds = 0;
	bool		is_instant = instant_read(text, &microseconds);

	changed += is_instant && (microseconds < 0 || microseconds >= INSTANT_END * 1000000);
	return is_instant;
}

/* The same of a line: every code point. */
static bool
is_line(Span text)
{
	Span		rest = text;
	uint32_t	c;

	if (!utf8_is_single_line(text))
		return false;
	while (utf8_next(&rest, &c))
	{
		char		again[4];
		size_t		size = utf8_put(c, again);

		changed += memcmp(rest.data - size, again, size) != 0;
	}
	changed += rest.size != 0;
	return true;
}

/* Tell whether there is nothing to trim; what is trimmed must stay so. */
static bool
is_trimmed(Span text)
{
	Span		once = span_trim(text);
	Span		twice = span_trim(once);

	changed += twice.data != once.data || twice.size != once.size;
	return once.size == text.size;
}

/* Tell whether this is an email, which must be its own lower case; the other names likewise. */
static bool
is_email(Span text)
{
	return email_is_valid(text) && is_lower(text);
}

static bool
is_username(Span text)
{
	return username_is_valid(text) && is_lower(text);
}

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct
{
	const char *what;
	bool		(*accepts) (Span);
	bool		(*expects) (Span);
	Span		seeds[6];
}			parsers[] = {
	{"host", is_host_name, expect_host,
	{TEXT("localhost"), TEXT("example.com"), TEXT("a-b.1.xn--c.example"), TEXT("127.0.0.1"), TEXT("0x7f.1"), TEXT(A63 "." A63 "." A63 "." "a")}},
	{"email", is_email, expect_email,
	{TEXT("ada@example.com"), TEXT("a.b+c@d.e"), TEXT("!#$%&'*+/=?^_`{|}~-@a"), TEXT(A63 "a@" A63 "." A63 ".a"), TEXT("=?a?q?b?=c@d.e"), TEXT("a@1.b")}},
	{"username", is_username, expect_username,
	{TEXT("ada"), TEXT("ada.lovelace"), TEXT("a_b-c.d"), TEXT("1815"), TEXT(A63), TEXT("a")}},
	{"URL", url_is_valid, expect_url,
	{TEXT("https://example.com/login?a=b#c"), TEXT("http://localhost:3000/"), TEXT("https://192.0.2.1:8443"),
		TEXT("http://[::1]:1/"), TEXT("http://127.0.0.1"), TEXT("https://a.b/%41")}},
	{"origin", origin_is_valid, expect_origin,
	{TEXT("https://example.com"), TEXT("http://localhost:3000"), TEXT("https://192.0.2.1:8443"),
		TEXT("http://[::1]:1"), TEXT("http://127.0.0.1"), TEXT("https://a.b:44")}},
	{"id", is_id, expect_id,
	{TEXT("usr_02p5oQZoHTv0zeY5yG21K3"), TEXT("org_7n42DGM5Tflk9n8mt7Fhc7"), TEXT("a_0000000000000000000000"),
		TEXT("abcdefgh_7n42DGM5Tflk9n8mt7Fhc6"), TEXT("rl_zzzzzzzzzzzzzzzzzzzzzz"), TEXT("mb_6zzzzzzzzzzzzzzzzzzzzz")}},
	{"hash", is_hash, expect_hash,
	{TEXT("$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8"),
		TEXT("$argon2id$v=19$m=8,t=1,p=1$/////////////////////w$8PHy8/T19vf4+fr7/P3+/w"),
		TEXT("$argon2id$v=19$m=4294967295,t=4294967295,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAECAwQFBgcICQoLDA0ODxAR"),
		TEXT("$argon2id$v=19$m=65536,t=3,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw"),
		TEXT("$argon2id$v=19$m=10,t=10,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxA"),
		TEXT("$argon2i$v=19$m=10,t=10,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxA")}},
	{"hash of crypt(3)", is_any_hash, expect_any_hash,
	{TEXT("$2b$04$D8pA7gutHt11a1QWG1D6KerPxRm9VeMnWGalt6WdgDmd0Sq1FKh1u"),
		TEXT("$5$abcdefgh$K1XU4ICyI.6qqCYPkAXXaxPqQUX3iUog5CvANCrtxO."),
		TEXT("$6$rounds=1000$a$KC42jpuIsMWOr5M40wNj3hiknN.asa506v6NA8uy3vtvdLUawsiU1B.BaaQDDGbT8X.oTpluDyLZw71lOBM1e."),
		TEXT("$y$j75$mA6Oh.BKnmQAmUH4cugxy0$nur//hO8xHCRETWPlsV5AG90hOMVpWSfOHZBJxQxUU6"),
		TEXT("$7$26..../....SodiumChloride$HAuYwUYeJ/.3qKH95BEC9rzkIkFVa0q/PHRlZ6wSq5D"),
		TEXT("$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/")}},
	{"hash of PBKDF2", is_any_hash, expect_any_hash,
	{TEXT("pbkdf2_sha256$10$seasalt$f+I87Dyr8Uy+0AEJng3SwQYQI9tLndR9Ne6kAW+vh5Y="),
		TEXT("$pbkdf2-sha256$10$8PHy8/T19vf4.fr7/P3./w$J13h7siSfC/w6s3i0184CdhIoOrQKeRJjP0wTfH3A2E"),
		TEXT("$pbkdf2-sha256$i=12,l=32$AAAAAAAAAAAAAAAAAAAAAA$W4IXjPT6pYMXbJOjIlwLcDdunCx03xO0eSvykqHSArc"),
		TEXT("$pbkdf2-sha256$i=9$AAECAwQFBgcICQoLDA0ODw$itflogiK3ZFWnMyl69X5ZnRJcQXKJEmByjHEBs4pgg8"),
		TEXT("$pbkdf2-sha256$i=12,l=20$c2FsdHNhbHRzYWx0c2FsdA$ZBt9sZlHuv2mdNqak9Kny8fUyc8"),
		TEXT("pbkdf2_sha1$10$seasalt$f+I87Dyr8Uy+0AEJng3SwQYQI9tLndR9Ne6kAW+vh5Y=")}},
	{"hash of PBKDF2 with another digest", is_any_hash, expect_any_hash,
	{TEXT("pbkdf2_sha1$10$seasalt$jfvQaKqXudZKa/KtuU0arSos2Vo="),
		TEXT("pbkdf2_sha512$10$seasalt$8RC8w1YAxMq/axP+DspeYWNZ2/CjpObPHfU/wJRwki+lwHjxUpuKPnvAqUBBonrpxAEog44GClSId/uvEVvS3g=="),
		TEXT("pbkdf2:sha1:10$SrZE1Ht1haAX$164863782d8cfca15d04fd562dce83dd7dc05dd4"),
		TEXT("pbkdf2:sha256:10$JRa9Vbezv7H3$45821f780a3f8253052c70f5cea28be50aeaa4f09040ac91f59aa58b6c003e63"),
		TEXT("$pbkdf2$10$8PHy8/T19vf4.fr7/P3./w$AFOR81wj.euYIlonD/4wLNYvars"),
		TEXT("$pbkdf2-sha512$i=12,l=32$AAAAAAAAAAAAAAAAAAAAAA$COj8WubDD4XdbL0s5GP1zPssZXTzfn2FosaEmAa27r8")}},
	{"hash of scrypt", is_any_hash, expect_any_hash,
	{TEXT("$scrypt$ln=4,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$2+/aaX2FkDdl+Fcnh4DP2K7M28lPO0AYf0ziZB2Rnzk"),
		TEXT("scrypt$16$seasalt$8$5$l1ml4isw1UyRu/vIBUlClakzuJv01ehCHLsd3rWAB3ewtE3UzvCijDGxNlth0pp96BaQzO3ULWFoqxk1feuGSg=="),
		TEXT("scrypt:16:8:1$SaltOfWerkzeug$c876ad5f0b9a6bdf79433e2457147bfa3a182fa997b058fd28b5361318c90997f305d9a4d526ac30ca7fd277070517a4f10703761f09a4c300b220b81a91c965"),
		TEXT("{scrypt}$40801$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==$cxKit8QykAz9QAszOVmaGzbD+EMTS480Egt+2IwMP90="),
		TEXT("{scrypt@SpringSecurity_v5_8}$a0802$AAECAwQFBgcICQoLDA0ODw==$wSNC5lmi14hZ1YgMvw3YMFMpiMwQrl0nJ4DTzCsNIYhDcUQaT5oXN5r/FK8B1oRkWAq1tpX/acd2TpQbVYj1HA=="),
		TEXT("000102030405060708090a0b0c0d0eff:ed3fd9eeb78a5bf12e994ff0e89ea470471396fab0525f4d0c7bd645188e124d89955504ba41e914527b313e30e09fa88f3ab80273ec13210f43fcb23746bcde")}},
	{"hash of argon2id", is_any_hash, expect_any_hash,
	{TEXT("$argon2id$v=19$m=32,t=1,p=4$c29tZXNhbHQ$Pxd0tVDb1W9K8/l2yEF2+EPsBIcszPGMujWlcbDkBz4"),
		TEXT("argon2$argon2id$v=19$m=64,t=2,p=8$MDEyMzQ1Njc4OWFiY2RlZmdoaWprbA$DoI2nvQnBp1+6HrvCS2wy7SrLMXiXE+vwijmpQC2BmY"),
		TEXT("{argon2}$argon2id$v=19$m=64,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$BKFGvw32XtTCg4sNE4hA3zvCLr0V+fZu7AHQTOjrgPE"),
		TEXT("{argon2@SpringSecurity_v5_8}$argon2id$v=19$m=64,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$BKFGvw32XtTCg4sNE4hA3zvCLr0V+fZu7AHQTOjrgPE"),
		TEXT("$argon2id$v=19$m=16,t=1,p=2$AAECAwQFBgcICQoLDA0ODw$KbW7+SLadsHgQnTrBEo0uQ"),
		TEXT("$argon2id$v=19$m=64,t=1,p=3$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8$5q1/9eJU3pQKyAVIjKymjJaSpEdR/oWB")}},
	{"hash of ASP.NET and with a label", is_any_hash, expect_any_hash,
	{TEXT("AQAAAAAAAAAKAAAAEAABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uNpg=="),
		TEXT("AQAAAAEAAAAKAAAAEQABAgMEBQYHCAkKCwwNDg8Qh+2TBNeSlTvNO3LNTjSiJdFcV84F2iuN80ddj7xsxCk="),
		TEXT("AQAAAAIAAAAKAAAAEgABAgMEBQYHCAkKCwwNDg8QEfeU09c2bgbFgpwmg2XfkQ3tVOqSCkewDgBIpvOjL9O/"),
		TEXT("bcrypt$$2b$04$tnJp2lwYFtpcKzlYOM4mve8Mrn9eUcW68Z8p/n14VnA9KUodXIWjm"),
		TEXT("bcrypt_sha256$$2b$04$.jItgroPpFqK/Io6NBdT.eNZR3JD66Vjfczq2291KSsiHB3mGDG1C"),
		TEXT("{bcrypt}$2a$04$v5rsw5VVYLbwTDloVnJ4z.vMbcWuYtQ6tDoO.vHd7lHF4dMDsW0D.")}},
	{"token", is_token, expect_token,
	{TEXT("utk_AAECAwQFBgcICQoLDA0OD4CBgoOEhYaHiImKi4yNjo-QkZKTlJWWl5iZmpucnZ6f"),
		TEXT("utk_AX8i4nmwfMOYxNwMDAc5j__________________________________________7"),
		TEXT("utk_----------------------------------------------------------------"),
		TEXT("utk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
		TEXT("utk_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
		TEXT("utk_AAECAwQFBgcICQoLDA0OD4CBgoOEhYaHiImKi4yNjo+QkZKTlJWWl5iZmpucnZ6f")}},
	{"base64url", is_base64url, expect_base64url,
	{TEXT("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsifQ"), TEXT("AA"), TEXT("-_8"), TEXT(""), TEXT("c2lnbg"),
		TEXT("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")}},
	{"API key", is_key, expect_key,
	{TEXT("ko_02p5oQZoHTv0zeY5yG21K3-AAECAwQFBgcICQoLDA0OD4CBgoOEhYaHiImKi4yNjo8"),
		TEXT("ko_7n42DGM5Tflk9n8mt7Fhc7-___________________________________________"),
		TEXT("ko_0000000000000000000000--------------------------------------------"),
		TEXT("ko_7n42DGM5Tflk9n8mt7Fhc6-0123456789abcdef0123456789abcdef0123456789a"),
		TEXT("ko_zzzzzzzzzzzzzzzzzzzzzz-0123456789abcdef0123456789abcdef0123456789a"),
		TEXT("ko_6zzzzzzzzzzzzzzzzzzzzz-0123456789abcdef0123456789abcdef0123456789a")}},
	{"JSON", is_json, expect_json,
	{TEXT("{\"a\": \"x\", \"b\": [1, -2.5e3, true, {\"a\": null}]}"), TEXT("{\"\\u0061\":\"\\\"\\u00e9\\ud83d\\ude00\",\"a\":false}"),
		TEXT("{\"b\":{\"a\":1,\"a\":2},\"c\":\"a\",\"a\":\"}\\\\\"}"), TEXT(" {} "), TEXT("{\"a\":\"\xc3\xa9\xf0\x9f\x98\x80\",\"\":12345678901234567890}"),
		TEXT("{\"a\":[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]],\"A\":1E2}")}},
	{"pair of a form", is_pair, expect_pair,
	{TEXT("user[email]=ada%40example.com"), TEXT("expand[]=a+b"), TEXT("user%5Bcustom%5D[a][]=%C3%A9"), TEXT("a=b=c"), TEXT("a"),
		TEXT("a[b][c][d][e][f][g][h][i][j][k][l][m][n][o][p]=1")}},
	{"time", instant_accepts, expect_instant,
	{TEXT("2030-01-31T12:00:00Z"), TEXT("2028-02-29 23:59:59.25+05:30"), TEXT("1970-01-01t00:00 -0000"), TEXT("9999-12-31"), TEXT("1423941493.701"),
		TEXT("253402300799")}},
	{"line", is_line, expect_line,
	{TEXT("Ada Lovelace"), TEXT("Zo\xc3\xab \xe5\x85\x89 \xf0\x9f\x98\x80"), TEXT(""), TEXT("e\xcc\x81\xc2\xa0"),
		TEXT("\xf4\x8f\xbf\xbf\xef\xbf\xbf\xdf\xbf"), TEXT("\xe2\x80\xa7\xe2\x81\xa5")}},
	{"trimmed text", is_trimmed, expect_trimmed,
	{TEXT("Ada Lovelace"), TEXT(" a"), TEXT("a\t"), TEXT(""), TEXT("\xc2\xa0"), TEXT("\r\n")}},
};

/* ---------- mutations ---------- */

/* A text that changes in place. */
typedef struct Mutant
{
	char		data[MAX_SIZE];
	size_t		size;
} Mutant;

/* Replace a part by a piece, if there is room. */
static void
replace(Mutant *mutant, size_t from, size_t to, Span piece)
{
	if (mutant->size - (to - from) + piece.size > MAX_SIZE)
		return;
	memmove(mutant->data + from + piece.size, mutant->data + to, mutant->size - to);
	memcpy(mutant->data + from, piece.data, piece.size);
	mutant->size += piece.size - (to - from);
}

/* Change something: one of five ways, somewhere. */
static void
mutate(Mutant *mutant, const Span *seeds)
{
	size_t		from = random_below(mutant->size + 1);
	size_t		to = from + random_below(mutant->size - from + 1);
	char		byte = next_random() >> 40;
	const Span	seed = seeds[random_below(6)];
	size_t		cut = random_below(seed.size + 1);

	switch (random_below(6))
	{
		case 0:					/* another byte */
			replace(mutant, from, from + (from < mutant->size), (Span) {&byte, 1});
			break;
		case 1:					/* a piece more */
			replace(mutant, from, from, pieces[random_below(lengthof(pieces))]);
			break;
		case 2:					/* a piece in place of another byte */
			replace(mutant, from, from + (from < mutant->size), pieces[random_below(lengthof(pieces))]);
			break;
		case 3:					/* a byte less */
			replace(mutant, from, from + (from < mutant->size), (Span) {"", 0});
			break;
		case 4:					/* a part less */
			replace(mutant, from, to, (Span) {"", 0});
			break;
		case 5:					/* the end of another input */
			replace(mutant, from, mutant->size, (Span) {seed.data + cut, seed.size - cut});
			break;
	}
}

/* Make an input out of a good one. */
static void
make_mutant(Mutant *mutant, const Span *seeds)
{
	const Span	seed = seeds[random_below(6)];

	memcpy(mutant->data, seed.data, seed.size);
	mutant->size = seed.size;
	for (size_t i = random_below(4); i > 0; i--)
		mutate(mutant, seeds);
}

/* Check a parser: it says what is expected, and neither always yes nor always no. */
static void
check_parser(size_t number)
{
	Mutant		mutant;
	int			accepted = 0;
	int			misjudged = 0;

	changed = 0;
	for (int i = 0; i < rounds; i++)
	{
		Span		text = {mutant.data, 0};
		int			said;

		make_mutant(&mutant, parsers[number].seeds);
		text.size = mutant.size;
		said = verdict(parsers[number].accepts, text);
		accepted += said == 1;
		if (said != parsers[number].expects(text) && misjudged++ < 3)
			diag("  says %d to \"%s\"", said, show(text));
	}
	is_int(misjudged, 0, "%s: every input is judged as expected", parsers[number].what);
	is_int(changed, 0, "... what is accepted is canonical");
	ok(accepted > rounds / 20 && accepted < rounds - rounds / 20, "... %d of %d are accepted", accepted, rounds);
}

int
main(void)
{
	plan(3 * lengthof(parsers));
	if (sodium_init() < 0)
		abort();
	if (getenv("ROUNDS") != NULL)
		rounds = atoi(getenv("ROUNDS"));
	for (size_t i = 0; i < lengthof(parsers); i++)
		check_parser(i);
	return tap_status();
}
