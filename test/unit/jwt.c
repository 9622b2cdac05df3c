/*
 * Login tokens: what is one, what is none, and whose signature fits.
 */
#include "login/jwt.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include "login/jwt_json.h"
#include "login/key_material.h"
#include "login/plain.h"
#include "tap.h"

#define BASE64URL sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#define ROUNDS 100000
#define ROOM (JWT_MAX_SIZE + 4096)

#define KID "jk_0352dKSVEyqaipkQ3ht6Uh"
#define UID "usr_0352dKSVEyqaipkQ3ht6Uh"
#define TK "kss_0352dKSVEyqaipkQ3ht6Uh"
#define AUD "rl_0352dKSVEyqaipkQ3ht6Uh"

/* ---------- tokens in the making ---------- */

/* Write base64url behind what is there. */
static void
append(char *out, const void *bytes, size_t size)
{
	sodium_bin2base64(out + strlen(out), ROOM - strlen(out), bytes, size, BASE64URL);
}

/* Return the token of such a header, payload and signature; good until the next call. */
static Span
token_of(Span header, Span payload, Span signature)
{
	static char token[ROOM];

	token[0] = '\0';
	append(token, header.data, header.size);
	strcat(token, ".");
	append(token, payload.data, payload.size);
	strcat(token, ".");
	append(token, signature.data, signature.size);
	return (Span) {token, strlen(token)};
}

/* Tell whether a token could be ours, whoever signed it. */
static bool
is_token(Span token)
{
	Jwt			jwt;

	return jwt_parse(token, &jwt);
}

/* Tell whether a header is one of ours. */
static bool
is_header(Span header)
{
	return is_token(token_of(header, (Span) TEXT("{}"), (Span) TEXT("signature")));
}

/* Tell whether claims are such as we write. */
static bool
are_claims(Span payload)
{
	JwtClaims	claims;

	return jwt_read_claims(payload, &claims);
}

/* ---------- headers ---------- */

static const Span good_headers[] = {
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"" KID "\"}"),
	TEXT("{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"" KID "\"}"),
	TEXT("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"" KID "\"}"),
	TEXT("{\"kid\":\"" KID "\",\"typ\":\"JWT\",\"alg\":\"HS256\"}"),
	TEXT(" {\"alg\" : \"HS256\",\r\n\t\"typ\":\"JWT\", \"kid\":\"k\" } "),
	TEXT("{\"\\u0061lg\":\"HS\\u003256\",\"typ\":\"JWT\",\"kid\":\"\\u006bid\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"0123456789012345678901234567890123456789012345678901234567890123\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"\xc3\xa9' OR 1=1 --\"}"),
};

static const Span bad_headers[] = {
	TEXT(""),
	TEXT(" "),
	TEXT("{}"),
	TEXT("[]"),
	TEXT("null"),
	TEXT("\"HS256\""),
	TEXT("{\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"HS256\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"),
	TEXT("{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"None\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"NONE\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"hs256\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"HS256 \",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"HS2567\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"HS25\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"HS384\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"RS512\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"PS256\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"Ed25519\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"EDDSA\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":null,\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":0,\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":[\"HS256\"],\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":{\"alg\":\"HS256\"},\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"HS256\\u0000\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\\u0000\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"Alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"jwt\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWTS\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":null,\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":null}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":1}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":[\"k\"]}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"a\\u0000b\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"a\0b\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"\\ud800\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"\xff\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"\xed\xa0\x80\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"\xc0\xaf\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"01234567890123456789012345678901234567890123456789012345678901234\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\",\"crit\":[]}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\",\"jku\":\"\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\",\"jwk\":{}}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\",\"x5u\":\"\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\",\"b64\":true}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\",\"\":\"\"}"),
	TEXT("{\"alg\":\"HS256\",\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"HS256\",\"\\u0061lg\":\"none\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\",\"kid\":\"l\"}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\"}x"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\"}\0"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\"}{}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\",}"),
	TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\""),
	TEXT("[{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\"}]"),
	TEXT("\xef\xbb\xbf{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\"}"),
	TEXT("{'alg':'HS256','typ':'JWT','kid':'k'}"),
};

/* ---------- whole tokens ---------- */

/* {"alg":"HS256","typ":"JWT","kid":"k"}, {"a":1}, "sign": with spare bits in the last two. */
#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsifQ"
#define PAYLOAD "eyJhIjoxfQ"
#define SIGNATURE "c2lnbg"

static const Span good_tokens[] = {
	TEXT(HEADER "." PAYLOAD "." SIGNATURE),
	TEXT(HEADER "." PAYLOAD "."),
	TEXT(HEADER ".." SIGNATURE),
	TEXT(HEADER "..")
};

static const Span bad_tokens[] = {
	TEXT(""),
	TEXT("."),
	TEXT(".."),
	TEXT("..."),
	TEXT(HEADER),
	TEXT(HEADER "."),
	TEXT(HEADER "." PAYLOAD),
	TEXT("." PAYLOAD "." SIGNATURE),
	TEXT(HEADER "." PAYLOAD "." SIGNATURE "."),
	TEXT(HEADER "." PAYLOAD "." SIGNATURE "." SIGNATURE),
	TEXT("." HEADER "." PAYLOAD "." SIGNATURE),
	TEXT(HEADER ".." PAYLOAD "." SIGNATURE),
	TEXT(HEADER "." PAYLOAD "." SIGNATURE "=="),
	TEXT(HEADER "==." PAYLOAD "." SIGNATURE),
	TEXT(HEADER "=." PAYLOAD "." SIGNATURE),
	TEXT(HEADER "." PAYLOAD "." SIGNATURE " "),
	TEXT(" " HEADER "." PAYLOAD "." SIGNATURE),
	TEXT(HEADER "." PAYLOAD "." SIGNATURE "\n"),
	TEXT(HEADER "\n." PAYLOAD "." SIGNATURE),
	TEXT(HEADER "." PAYLOAD "." SIGNATURE "\0"),
	TEXT("\0" HEADER "." PAYLOAD "." SIGNATURE),
	TEXT(HEADER "." PAYLOAD ".c2lnbh"),
	TEXT(HEADER "." PAYLOAD ".c2lnbv"),
	TEXT(HEADER "." PAYLOAD ".c2lnA"),
	TEXT(HEADER "." PAYLOAD ".c2l/"),
	TEXT(HEADER "." PAYLOAD ".c2l+"),
	TEXT("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsifR." PAYLOAD "." SIGNATURE),
	TEXT(HEADER "\xc3\xa9." PAYLOAD "." SIGNATURE),
	TEXT(HEADER "." PAYLOAD ".\xe2\x82\xac"),
	TEXT("Bearer " HEADER "." PAYLOAD "." SIGNATURE),
	TEXT("{\"protected\":\"" HEADER "\"}"),
};

/* The payload is decoded by a call of its own. */
static const Span bad_payloads[] = {
	TEXT("eyJhIjoxfR"),
	TEXT("eyJhIjoxfQ="),
	TEXT("eyJhIjoxfQ=="),
	TEXT("eyJhIjoxf"),
	TEXT("eyJh IjoxfQ"),
	TEXT("eyJhIjoxfQ\n"),
	TEXT("eyJhIjox\0fQ"),
	TEXT("eyJhIjo+"),
	TEXT("eyJhIjo/"),
	TEXT("eyJhIjo\xc3"),
	TEXT("A"),
};

/* Tell whether a segment decodes as payload. */
static bool
is_payload(Span segment)
{
	Jwt			jwt = {.payload = segment};
	char	   *out = malloc(segment.size);
	size_t		size;
	bool		decoded = jwt_decode_payload(&jwt, out, &size);

	free(out);
	return decoded;
}

/* Tell whether a header of so many bytes is taken. */
static int
verdict_of_header(size_t size)
{
	char		header[1024] = "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\"}";

	memset(header + strlen(header), ' ', sizeof(header) - strlen(header));
	return is_header((Span) {header, size});
}

/* Tell whether a token of so many bytes is taken. */
static bool
verdict_of_size(size_t size)
{
	char	   *token = malloc(size);
	size_t		used = strlen(HEADER ".");
	bool		taken;

	memset(token, 'A', size);
	memcpy(token, HEADER ".", used);
	token[size - 1] = '.';
	taken = is_token((Span) {token, size});
	free(token);
	return taken;
}

/* Tell whether a signature of so many bytes is taken. */
static int
verdict_of_signature(size_t size)
{
	char		signature[1024] = {0};

	return verdict(is_token, token_of(good_headers[0], (Span) TEXT("{}"), (Span) {signature, size}));
}

/* ---------- claims ---------- */

#define TIMES "\"gen\":7,\"iat\":1700000000,\"exp\":1700021600"
#define NAMES "\"uid\":\"" UID "\",\"sub\":\"" UID "\",\"tk\":\"" TK "\",\"sid\":\"" TK "\""
#define CLAIMS "{\"aud\":\"" AUD "\"," NAMES "," TIMES "}"
#define WITH(member) "{\"aud\":\"" AUD "\"," NAMES "," TIMES "," member "}"
#define TIMED(iat, exp) "{\"aud\":\"" AUD "\"," NAMES ",\"gen\":7,\"iat\":" iat ",\"exp\":" exp "}"
#define AUD63 "012345678901234567890123456789012345678901234567890123456789012"
#define FOUR(text) text text text text
#define NESTED63 FOUR(FOUR("[[[")) "[[[[[[[[[[[[[[[" "]]]]]]]]]]]]]]]" FOUR(FOUR("]]]"))
#define DIGITS308 FOUR(FOUR("1234567890123456789")) "1234"

static const Span good_claims[] = {
	TEXT(CLAIMS),
	TEXT(" \t\r\n" CLAIMS " \t\r\n"),
	TEXT(WITH("\"x\":null")),
	TEXT(WITH("\"\":\"\"")),
	TEXT(WITH("\"n\":\"\\u0041\xc3\xa9\xf0\x9f\x98\x80\\ud83d\\ude00\"")),
	TEXT(WITH("\"cs\":{\"aud\":[],\"uid\":1},\"m\":[{\"p\":[],\"oid\":\"o\"},{\"p\":[]}]")),
	TEXT(WITH("\"cs\":{\"a\": 1, \"b\": [true, null, \"\xc3\xa9\"]},\"m\":[{\"p\":[\"a\",\"b\"]},{\"p\":[]}]")),
	TEXT(WITH("\"x\":" NESTED63)),
	TEXT(WITH("\"" NESTED63 "[\":\"{" NESTED63 "\"")),
	TEXT(WITH("\"x\":" DIGITS308)),
	TEXT(WITH("\"x\":-" DIGITS308)),
	TEXT(WITH("\"x\":\"" DIGITS308 "0\",\"y\":\"\\\"" DIGITS308 "0\"")),
	TEXT(WITH("\"x\":9223372036854775807,\"y\":9223372036854775808,\"z\":[18446744073709551616]")),
	TEXT(WITH("\"x\":-9223372036854775809.5e1,\"y\":100000000000000000000E-1")),
	TEXT(WITH("\"x\":-1.5e10")),
	TEXT("{\"\\u0061ud\":\"" AUD "\"," NAMES "," TIMES "}"),
	TEXT("{\"aud\":\"" AUD63 "\"," NAMES "," TIMES "}"),
	TEXT("{\"aud\":\"\",\"uid\":\"\",\"sub\":\"\",\"tk\":\"\",\"sid\":\"\"," TIMES "}"),
	TEXT(TIMED("0", "0")),
	TEXT(TIMED("999999999999999999", "999999999999999999")),
};

static const Span bad_claims[] = {
	TEXT(""),
	TEXT(" "),
	TEXT("{}"),
	TEXT("[]"),
	TEXT("null"),
	TEXT("1"),
	TEXT("\"\""),
	TEXT("[" CLAIMS "]"),
	TEXT(CLAIMS "x"),
	TEXT(CLAIMS "\0"),
	TEXT("\0" CLAIMS),
	TEXT(CLAIMS CLAIMS),
	TEXT("\xef\xbb\xbf" CLAIMS),
	TEXT("{" NAMES "," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\",\"uid\":\"" UID "\",\"sub\":\"" UID "\",\"tk\":\"" TK "\"," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\",\"uid\":\"" UID "\",\"sub\":\"" UID "\",\"sid\":\"" TK "\"," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\",\"uid\":\"" UID "\",\"tk\":\"" TK "\",\"sid\":\"" TK "\"," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\",\"sub\":\"" UID "\",\"tk\":\"" TK "\",\"sid\":\"" TK "\"," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\"," NAMES ",\"iat\":1700000000,\"exp\":1700000000}"),
	TEXT("{\"aud\":\"" AUD "\"," NAMES ",\"gen\":-1,\"iat\":1700000000,\"exp\":1700000000}"),
	TEXT("{\"aud\":\"" AUD "\"," NAMES ",\"gen\":\"7\",\"iat\":1700000000,\"exp\":1700000000}"),
	TEXT("{\"aud\":\"" AUD "\"," NAMES ",\"gen\":7,\"iat\":1700000000}"),
	TEXT("{\"aud\":\"" AUD "\"," NAMES ",\"gen\":7,\"exp\":1700000000}"),
	TEXT("{\"aud\":null," NAMES "," TIMES "}"),
	TEXT("{\"aud\":[\"" AUD "\"]," NAMES "," TIMES "}"),
	TEXT("{\"aud\":{\"aud\":\"" AUD "\"}," NAMES "," TIMES "}"),
	TEXT("{\"aud\":1," NAMES "," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\\u0000\"," NAMES "," TIMES "}"),
	TEXT("{\"aud\":\"" AUD63 "3\"," NAMES "," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\",\"uid\":\"" AUD63 "3\",\"sub\":\"" AUD63 "3\",\"tk\":\"t\",\"sid\":\"t\"," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\",\"uid\":\"u\",\"sub\":\"u\",\"tk\":\"" AUD63 "3\",\"sid\":\"" AUD63 "3\"," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\",\"uid\":\"u\",\"sub\":\"v\",\"tk\":\"t\",\"sid\":\"t\"," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\",\"uid\":\"u\",\"sub\":\"U\",\"tk\":\"t\",\"sid\":\"t\"," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\",\"uid\":\"u\",\"sub\":\"u\",\"tk\":\"t\",\"sid\":\"s\"," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\",\"uid\":\"u\",\"sub\":\"u\",\"tk\":\"t\",\"sid\":\"tt\"," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\",\"uid\":1,\"sub\":1,\"tk\":\"t\",\"sid\":\"t\"," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\",\"uid\":null,\"sub\":null,\"tk\":\"t\",\"sid\":\"t\"," TIMES "}"),
	TEXT("{\"AUD\":\"" AUD "\"," NAMES "," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\",\"aud\":\"" AUD "\"," NAMES "," TIMES "}"),
	TEXT("{\"aud\":\"" AUD "\",\"\\u0061ud\":\"x\"," NAMES "," TIMES "}"),
	TEXT(WITH("\"exp\":1800000000")),
	TEXT(WITH("\"\\u0065xp\":1800000000")),
	TEXT(WITH("\"x\":1\0")),
	TEXT(TIMED("1700000000", "1700021600\0")),
	TEXT(TIMED("1700000000\0", "1700021600")),
	TEXT(WITH("\"x\":true\0")),
	TEXT(WITH("\"x\":\0" "1")),
	TEXT(WITH("\"x\":[\0]")),
	TEXT(WITH("\"x\":1,\"x\":1")),
	TEXT(WITH("\"x\":{\"y\":1,\"y\":2}")),
	TEXT(WITH("\"x\":[[{\"y\":1,\"\\u0079\":2}]]")),
	TEXT(WITH("\"x\":[" NESTED63 "]")),
	TEXT(WITH("\"x\":{\"y\":" NESTED63 "}")),
	TEXT(WITH("\"x\":\"a\0b\"")),
	TEXT(WITH("\"x\":\"\\u0000\"")),
	TEXT(WITH("\"\\u0000\":1")),
	TEXT(WITH("\"x\":\"\\ud800\"")),
	TEXT(WITH("\"x\":\"\\udc00\\ud800\"")),
	TEXT(WITH("\"x\":\"\\x41\"")),
	TEXT(WITH("\"x\":\"\xff\"")),
	TEXT(WITH("\"x\":\"\xc0\x80\"")),
	TEXT(WITH("\"x\":\"\xed\xa0\x80\"")),
	TEXT(WITH("\"x\":\"\xf4\x90\x80\x80\"")),
	TEXT(WITH("\"x\":\"\xe2\x82\"")),
	TEXT(WITH("\"x\":\"\n\"")),
	TEXT(WITH("\"x\":01")),
	TEXT(WITH("\"x\":.5")),
	TEXT(WITH("\"x\":5.")),
	TEXT(WITH("\"x\":+5")),
	TEXT(WITH("\"x\":1e999")),
	TEXT(WITH("\"x\":" DIGITS308 "0")),
	TEXT(WITH("\"x\":0." DIGITS308)),
	TEXT(WITH("\"x\":01234567890123456789")),
	TEXT(WITH("\"x\":12345678901234567890-1")),
	TEXT(WITH("\"x\":--12345678901234567890")),
	TEXT(WITH("\"x\":12345678901234567890x")),
	TEXT(WITH("\"x\":12345678901234567890 1")),
	TEXT(WITH("\"x\":NaN")),
	TEXT(WITH("\"x\":Infinity")),
	TEXT(WITH("\"x\":")),
	TEXT(WITH("\"x\"")),
	TEXT(WITH("x:1")),
	TEXT(WITH("")),
	TEXT(TIMED("1700000000.0", "1700021600")),
	TEXT(TIMED("1700000000.5", "1700021600")),
	TEXT(TIMED("17e8", "1700021600")),
	TEXT(TIMED("\"1700000000\"", "1700021600")),
	TEXT(TIMED("-1", "1700021600")),
	TEXT(TIMED("-1700000000", "1700021600")),
	TEXT(TIMED("null", "1700021600")),
	TEXT(TIMED("true", "1700021600")),
	TEXT(TIMED("[1700000000]", "1700021600")),
	TEXT(TIMED("0x6553f100", "1700021600")),
	TEXT(TIMED("1700000000", "1700021600.0")),
	TEXT(TIMED("1700000000", "\"1700021600\"")),
	TEXT(TIMED("1700000000", "-1")),
	TEXT(TIMED("1700000000", "1000000000000000000")),
	TEXT(TIMED("1700000000", "9223372036854775808")),
	TEXT(TIMED("1700000000", "18446744073709551616")),
	TEXT(TIMED("1700000000", "1e18")),
	TEXT(TIMED("1700000000", "null")),
	TEXT(TIMED("1700000000", "false")),
	TEXT(TIMED("1700000000", "{}")),
};

/* Check each text of a table. */
static void
check_all(bool (*accepts) (Span), const Span *texts, size_t count, bool expected, const char *what)
{
	for (size_t i = 0; i < count; i++)
		is_int(verdict(accepts, texts[i]), expected, "%s %s", what, show(texts[i]));
}

/* Check what is read from claims. */
static void
check_claims(void)
{
	JwtClaims	claims;

	ok(jwt_read_claims((Span) TEXT(CLAIMS), &claims), "claims are read");
	is_string(claims.aud, AUD, "... aud");
	is_string(claims.uid, UID, "... uid");
	is_string(claims.tk, TK, "... tk");
	is_int(claims.gen, 7, "... gen");
	is_int(claims.iat, 1700000000, "... iat");
	is_int(claims.exp, 1700021600, "... exp");
}

/* Check which bytes may stand in each segment. */
static void
check_bytes(void)
{
	Span		token = good_tokens[0];

	is_int(misjudged_bytes(is_token, token, strlen(HEADER "." PAYLOAD "."), ALPHABET), 0, "first byte of the signature");
	is_int(misjudged_bytes(is_token, token, token.size - 1, "AQgw"), 0, "last byte of the signature, with spare bits");
	is_int(misjudged_bytes(is_payload, (Span) TEXT("AAAA"), 0, ALPHABET), 0, "first byte of a payload");
	is_int(misjudged_bytes(is_payload, (Span) TEXT("AAAA"), 3, ALPHABET), 0, "last byte of a payload");
	is_int(misjudged_bytes(is_payload, (Span) TEXT("AAA"), 2, "AEIMQUYcgkosw048"), 0, "... with two spare bits");
	is_int(misjudged_bytes(is_payload, (Span) TEXT("AA"), 1, "AQgw"), 0, "... with four");
}

/* ---------- signatures ---------- */

/* Return an HS256 key. */
static JwtKey
hs256_key(const void *secret, size_t size)
{
	JwtKey		key = {.alg = JWT_HS256};

	if (!jwt_key_open_private(&key, (Span) {secret, size}))
		abort();
	return key;
}

/* Return an EdDSA key from its seed, or with the public half only. */
static JwtKey
eddsa_key(const char *seed_hex, const char *public_hex)
{
	JwtKey		key = {.alg = JWT_EDDSA};
	uint8_t		seed[crypto_sign_SEEDBYTES];
	uint8_t		secret[ED25519_SECRET_SIZE];

	if (seed_hex == NULL)
	{
		from_hex(public_hex, key.public_key);
		return key;
	}
	from_hex(seed_hex, seed);
	crypto_sign_seed_keypair(key.public_key, secret, seed);
	if (!jwt_key_open_private(&key, (Span) {(char *) secret, sizeof(secret)}))
		abort();
	return key;
}

/* Return an RS256 key with the public numbers of RFC 7515, A.2. */
static JwtKey
rfc7515_rsa_key(void)
{
	static const char n[] =
		"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR"
		"T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB"
		"dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia"
		"GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
	JwtKey		key = {.alg = JWT_RS256};
	uint8_t		bytes[256];
	BIGNUM	   *modulus;
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *parameters;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);

	if (sodium_base642bin(bytes, sizeof(bytes), n, strlen(n), NULL, NULL, NULL, BASE64URL) != 0)
		abort();
	modulus = BN_bin2bn(bytes, sizeof(bytes), NULL);
	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus);
	OSSL_PARAM_BLD_push_uint(builder, OSSL_PKEY_PARAM_RSA_E, 65537);
	parameters = OSSL_PARAM_BLD_to_param(builder);
	if (EVP_PKEY_fromdata_init(context) != 1 ||
		EVP_PKEY_fromdata(context, &key.rsa, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		abort();
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	BN_free(modulus);
	EVP_PKEY_CTX_free(context);
	return key;
}

/* Return a new key. */
static JwtKey
new_key(JwtAlg alg)
{
	JwtKey		key = {.alg = alg};
	KeyMaterial material;

	if (!key_material_make(alg, &material) ||
		!jwt_key_open_public(&key, (Span) {(char *) material.public_half, material.public_size}) ||
		!jwt_key_open_private(&key, (Span) {(char *) material.private_half, material.private_size}))
		abort();
	return key;
}

/* Tell whether a signature fits a message, as if both came from a token of that algorithm. */
static bool
fits(const JwtKey *key, JwtAlg alg, Span message, Span signature)
{
	Jwt			jwt = {.alg = alg, .signed_part = message, .signature_size = signature.size};

	memcpy(jwt.signature, signature.data, signature.size);
	return jwt_verify(&jwt, key);
}

/* Check a signature in base64url; every other byte than its own makes it another. */
static void
check_vector(JwtKey key, Span message, const char *base64, const char *what)
{
	uint8_t		bytes[JWT_SIGNATURE_MAX];
	Span		signature = {(char *) bytes, 0};
	int			spoiled = 0;

	if (sodium_base642bin(bytes, sizeof(bytes), base64, strlen(base64), NULL, &signature.size, NULL, BASE64URL) != 0)
		abort();
	ok(fits(&key, key.alg, message, signature), "%s", what);
	for (size_t i = 0; i < signature.size; i++)
	{
		bytes[i] ^= 1 << i % 8;
		spoiled += !fits(&key, key.alg, message, signature);
		bytes[i] ^= 1 << i % 8;
	}
	is_int(spoiled, signature.size, "... a bit of any byte matters");
	spoiled = 0;
	for (signature.size--; signature.size > 0; signature.size--)
		spoiled += fits(&key, key.alg, message, signature);
	is_int(spoiled, 0, "... nothing shorter will do");
	jwt_key_close(&key);
}

/* Check the signatures of RFCs 7515 and 8037; their headers are not ours. */
static void
check_rfc_tokens(void)
{
	static const Span a1 = TEXT("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
								"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ");
	static const Span a2 = TEXT("eyJhbGciOiJSUzI1NiJ9."
								"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ");
	static const Span a4 = TEXT("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
	static const char k[] = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
	static const char hs256[] = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
	uint8_t		secret[64];
	char		token[1024];

	if (sodium_base642bin(secret, sizeof(secret), k, strlen(k), NULL, NULL, NULL, BASE64URL) != 0)
		abort();
	check_vector(hs256_key(secret, sizeof(secret)), a1, hs256, "RFC 7515, A.1: HS256");
	check_vector(rfc7515_rsa_key(), a2,
				 "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9"
				 "uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB"
				 "_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq"
				 "Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw", "RFC 7515, A.2: RS256");
	check_vector(eddsa_key(NULL, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"), a4,
				 "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
				 "RFC 8037, A.4: EdDSA");
	sprintf(token, "%s.%s", a1.data, hs256);
	ok(!is_token((Span) {token, strlen(token)}), "a token of theirs is none of ours: it has no kid");
}

/* RFC 8032, section 7.1: seed, public key, message, signature. */
static const struct
{
	const char *what;
	const char *seed;
	const char *public;
	const char *message;
	const char *signature;
}			rfc8032[] = {
	{"TEST 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595b"
	"be24655141438e7a100b"},
	{"TEST 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb430"
	"2aeeb00d291612bb0c00"},
	{"TEST 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716e"
	"d28dc027beceea1ec40a"},
	{"TEST SHA(abc)", "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
		"ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643c"
		"e80e2a9ac94fa54ca49f",
		"dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138a"
	"c17ad9bef1177331a704"},
};

/* Check them. */
static void
check_rfc8032(void)
{
	for (size_t i = 0; i < lengthof(rfc8032); i++)
	{
		JwtKey		key = eddsa_key(NULL, rfc8032[i].public);
		JwtKey		whole = eddsa_key(rfc8032[i].seed, NULL);
		uint8_t		message[64];
		uint8_t		signature[64];

		from_hex(rfc8032[i].message, message);
		from_hex(rfc8032[i].signature, signature);
		ok(memcmp(key.public_key, whole.public_key, ED25519_PUBLIC_SIZE) == 0 &&
		   fits(&key, JWT_EDDSA, (Span) {(char *) message, strlen(rfc8032[i].message) / 2},
				(Span) {(char *) signature, sizeof(signature)}), "RFC 8032, %s", rfc8032[i].what);
		jwt_key_close(&key);
		jwt_key_close(&whole);
	}
}

/* RFC 4231: HMAC-SHA-256 under keys shorter and longer than a block. */
static void
check_rfc4231(void)
{
	static const struct
	{
		int			byte;
		size_t		size;
		Span		message;
		const char *mac;
	}			vectors[] = {
		{0x0b, 20, TEXT("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{0xaa, 131, TEXT("Test Using Larger Than Block-Size Key - Hash Key First"),
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	};

	for (size_t i = 0; i < lengthof(vectors); i++)
	{
		uint8_t		secret[131];
		uint8_t		mac[32];
		JwtKey		key;

		memset(secret, vectors[i].byte, vectors[i].size);
		key = hs256_key(secret, vectors[i].size);
		from_hex(vectors[i].mac, mac);
		ok(fits(&key, JWT_HS256, vectors[i].message, (Span) {(char *) mac, sizeof(mac)}),
		   "RFC 4231: a key of %zu bytes", vectors[i].size);
		jwt_key_close(&key);
	}
}

/* ---------- Ed25519, where verifiers differ ---------- */

/* All encodings of the points of small order, canonical or not. */
static const char *const small_orders[] = {
	"0100000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000080",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
};

#define ORDER_8 12

static const Span message = TEXT("eyJhbGciOiJFZERTQSJ9.e30");

/* Write R and S = r + H(R, A, M) a: an honest signature, if R is r times the base point. */
static void
sign_with(const JwtKey *key, const uint8_t R[32], const uint8_t r[32], uint8_t signature[64])
{
	uint8_t		hash[64];
	uint8_t		a[64] = {0};
	uint8_t		k[32];
	crypto_hash_sha512_state state;

	crypto_hash_sha512(hash, key->secret, 32);
	memcpy(a, hash, 32);
	a[0] &= 248;
	a[31] = (a[31] & 127) | 64;
	crypto_core_ed25519_scalar_reduce(a, a);
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, R, 32);
	crypto_hash_sha512_update(&state, key->public_key, 32);
	crypto_hash_sha512_update(&state, (const uint8_t *) message.data, message.size);
	crypto_hash_sha512_final(&state, hash);
	crypto_core_ed25519_scalar_reduce(k, hash);
	crypto_core_ed25519_scalar_mul(k, k, a);
	memcpy(signature, R, 32);
	crypto_core_ed25519_scalar_add(signature + 32, r, k);
}

/* Check what a signature is worth. */
static void
check_ed25519(const JwtKey *key, const uint8_t signature[64], bool expected, const char *what)
{
	is_int(fits(key, JWT_EDDSA, message, (Span) {(const char *) signature, 64}), expected, "Ed25519: %s", what);
}

/* Add the order of the base point to S, so many times; false if that is too large for 32 bytes. */
static bool
add_order(uint8_t S[32], int times)
{
	uint8_t		order[32];

	from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", order);
	while (times-- > 0)
	{
		unsigned	carry = 0;

		for (int i = 0; i < 32; i++)
		{
			carry += S[i] + order[i];
			S[i] = carry;
			carry >>= 8;
		}
		if (carry > 0)
			return false;
	}
	return true;
}

/* Check signatures that fit by one reading of the equation and not by ours. */
static void
check_strictness(void)
{
	JwtKey		key = eddsa_key(rfc8032[1].seed, NULL);
	uint8_t		r[32];
	uint8_t		R[32];
	uint8_t		T[32];
	uint8_t		zero[32] = {0};
	uint8_t		honest[64];
	uint8_t		signature[64];
	int			accepted = 0;

	memset(r, 7, sizeof(r));
	r[31] = 1;
	crypto_scalarmult_ed25519_base_noclamp(R, r);
	sign_with(&key, R, r, honest);
	check_ed25519(&key, honest, true, "an honest signature, made here");

	for (int times = 1; times <= 15; times++)
	{
		memcpy(signature, honest, 64);
		if (add_order(signature + 32, times))
			accepted += fits(&key, JWT_EDDSA, message, (Span) {(char *) signature, 64});
	}
	is_int(accepted, 0, "Ed25519: S plus the order, up to 15 times");
	memcpy(signature, honest, 64);
	signature[63] |= 0xe0;
	check_ed25519(&key, signature, false, "S with its three highest bits set");

	from_hex(small_orders[ORDER_8], T);
	crypto_core_ed25519_add(R, R, T);
	sign_with(&key, R, r, signature);
	check_ed25519(&key, signature, false, "R with a part of order 8: fits only times the cofactor");

	accepted = 0;
	for (size_t i = 0; i < lengthof(small_orders); i++)
	{
		from_hex(small_orders[i], R);
		sign_with(&key, R, zero, signature);
		accepted += fits(&key, JWT_EDDSA, message, (Span) {(char *) signature, 64});
	}
	is_int(accepted, 0, "Ed25519: R of small order in each of %zu encodings, S to fit", lengthof(small_orders));

	memset(signature, 0, sizeof(signature));
	check_ed25519(&key, signature, false, "zeros");
	memset(signature, 0xff, sizeof(signature));
	check_ed25519(&key, signature, false, "ones");
	memcpy(signature, honest, 64);
	memset(signature + 32, 0, 32);
	check_ed25519(&key, signature, false, "S = 0");
	memcpy(signature, honest + 32, 32);
	memcpy(signature + 32, honest, 32);
	check_ed25519(&key, signature, false, "R and S swapped");
	jwt_key_close(&key);

	accepted = 0;
	for (size_t i = 0; i < lengthof(small_orders); i++)
		for (size_t j = 0; j < lengthof(small_orders); j++)
		{
			key = eddsa_key(NULL, small_orders[i]);
			memset(signature, 0, sizeof(signature));
			from_hex(small_orders[j], signature);
			accepted += fits(&key, JWT_EDDSA, message, (Span) {(char *) signature, 64});
		}
	is_int(accepted, 0, "Ed25519: no key of small order verifies R of small order and S = 0");
}

/* ---------- RSA ---------- */

/* Check signatures of other sizes than the modulus, and of other kinds than RS256's. */
static void
check_rsa(const JwtKey *key)
{
	uint8_t		signature[JWT_SIGNATURE_MAX];
	char		text[32];
	size_t		size;
	EVP_MD_CTX *context;
	EVP_PKEY_CTX *settings;
	const EVP_MD *digests[] = {EVP_sha1(), EVP_sha384(), EVP_sha512()};

	/* One signature in 256 begins with a zero byte. */
	for (int i = 0;; i++)
	{
		sprintf(text, "%d", i);
		context = EVP_MD_CTX_new();
		size = sizeof(signature);
		if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->rsa) != 1 ||
			EVP_DigestSign(context, signature, &size, (uint8_t *) text, strlen(text)) != 1)
			abort();
		EVP_MD_CTX_free(context);
		if (signature[0] == 0)
			break;
	}
	ok(fits(key, JWT_RS256, (Span) {text, strlen(text)}, (Span) {(char *) signature, size}),
	   "RSA: a signature that begins with a zero byte");
	ok(!fits(key, JWT_RS256, (Span) {text, strlen(text)}, (Span) {(char *) signature + 1, size - 1}),
	   "RSA: ... without it");
	memmove(signature + 1, signature, size);
	signature[0] = 0;
	ok(!fits(key, JWT_RS256, (Span) {text, strlen(text)}, (Span) {(char *) signature, size + 1}),
	   "RSA: ... with one more");
	for (size_t i = 0; i < lengthof(digests); i++)
	{
		context = EVP_MD_CTX_new();
		size = sizeof(signature);
		EVP_DigestSignInit(context, NULL, digests[i], NULL, key->rsa);
		EVP_DigestSign(context, signature, &size, (const uint8_t *) message.data, message.size);
		EVP_MD_CTX_free(context);
		ok(size == 256 && !fits(key, JWT_RS256, message, (Span) {(char *) signature, size}),
		   "RSA: a signature with %s", EVP_MD_get0_name(digests[i]));
	}
	context = EVP_MD_CTX_new();
	size = sizeof(signature);
	EVP_DigestSignInit(context, &settings, EVP_sha256(), NULL, key->rsa);
	EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING);
	EVP_DigestSign(context, signature, &size, (const uint8_t *) message.data, message.size);
	EVP_MD_CTX_free(context);
	ok(size == 256 && !fits(key, JWT_RS256, message, (Span) {(char *) signature, size}), "RSA: a signature with PSS");
}

/* ---------- signing ---------- */

/* Sign claims; good until freed. */
static Span
sign(const JwtKey *key, Span payload)
{
	size_t		capacity = jwt_token_size(payload.size);
	char	   *token = malloc(capacity);

	return (Span) {token, jwt_sign(key, KID, payload, token, capacity)};
}

/* Check how many bytes of claims make a token of a size at most, and that no other number is told. */
static void
check_room(const JwtKey *key)
{
	static char payload[JWT_MAX_SIZE];
	int			faults = 0;

	memset(payload, 'x', sizeof(payload));
	for (size_t size = 1024; size < 1060; size++)
	{
		size_t		room = jwt_payload_room(key, KID, size);
		Span		fits = sign(key, (Span) {payload, room});
		Span		does_not = sign(key, (Span) {payload, room + 1});

		faults += fits.size > size || does_not.size <= size;
		free((char *) fits.data);
		free((char *) does_not.data);
	}
	is_int(faults, 0, "%s: the room for claims is exact", jwt_alg_name(key->alg));
	is_int(jwt_payload_room(key, KID, 40), 0, "%s: there is none in the smallest token", jwt_alg_name(key->alg));
}

/* Check that claims can be carried if, and only if, they are read. */
static void
check_carrying(void)
{
	static const char *const members[] = {
		",\"x\":" NESTED63, ",\"x\":[" NESTED63 "]", ",\"x\":" DIGITS308, ",\"x\":" DIGITS308 "0",
		",\"x\":0." DIGITS308, ",\"x\":18446744073709551615", ",\"x\":[[]],\"y\":\"" DIGITS308 "0[\\\"\""
	};

	for (size_t i = 0; i < lengthof(members); i++)
	{
		char		text[4096];
		JwtClaims	claims;
		int			size = snprintf(text, sizeof(text), "%.*s%s}", (int) strlen(CLAIMS) - 1, CLAIMS, members[i]);

		is_int(jwt_can_carry((Span) {members[i], strlen(members[i])}), jwt_read_claims((Span) {text, size}, &claims),
			   "carried as it is read: %.20s...", members[i]);
	}
}

/* Check that a token comes back as it went in, and by no other key. */
static void
check_round_trip(const JwtKey *key, const JwtKey *others[4])
{
	const char *alg = jwt_alg_name(key->alg);
	Span		token = sign(key, (Span) TEXT(CLAIMS));
	char		payload[1024];
	char		header[128];
	size_t		size = 0;
	int			verified = 0;
	Jwt			jwt;

	sprintf(header, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"" KID "\"}", alg);
	ok(token.size > 0 && token.size < jwt_token_size(strlen(CLAIMS)) && token.size == strlen(token.data),
	   "%s: a token is signed, and fits its room", alg);
	ok(jwt_parse(token, &jwt), "%s: it parses", alg);
	is_int(jwt.alg, key->alg, "%s: its algorithm", alg);
	is_string(jwt.kid, KID, "%s: its kid", alg);
	sodium_base642bin((uint8_t *) payload, sizeof(payload), token.data, strchr(token.data, '.') - token.data, NULL, &size,
					  NULL, BASE64URL);
	payload[size] = '\0';
	is_string(payload, header, "%s: its header", alg);
	ok(jwt_decode_payload(&jwt, payload, &size) && size == strlen(CLAIMS) && memcmp(payload, CLAIMS, size) == 0,
	   "%s: its claims", alg);
	ok(jwt_verify(&jwt, key), "%s: its key verifies it", alg);
	for (int i = 0; i < 4; i++)
		verified += others[i] != key && jwt_verify(&jwt, others[i]);
	is_int(verified, 0, "%s: no other key does", alg);
	for (int other = JWT_HS256; other <= JWT_RS256; other++)
	{
		jwt.alg = other;
		verified += jwt_verify(&jwt, key);
	}
	is_int(verified, 1, "%s: nor the same, if the token says another algorithm", alg);
	free((char *) token.data);
}

/* Return the largest payload whose token is no larger than may be, and check those around it. */
static void
check_sizes(const JwtKey *key)
{
	char	   *payload = malloc(JWT_MAX_SIZE);
	size_t		size = JWT_MAX_SIZE * 3 / 4 - 2048;
	size_t		largest = 0;
	Span		token;
	Jwt			jwt;

	memset(payload, 'x', JWT_MAX_SIZE);
	do
	{
		token = sign(key, (Span) {payload, size++});
		if (token.size <= JWT_MAX_SIZE)
			largest = jwt_parse(token, &jwt) && jwt_verify(&jwt, key) ? token.size : 0;
		else
			ok(largest > JWT_MAX_SIZE - 3 && !jwt_parse(token, &jwt), "%s: %zu bytes are verified, %zu are too many",
			   jwt_alg_name(key->alg), largest, token.size);
		free((char *) token.data);
	} while (token.size <= JWT_MAX_SIZE);
	token = sign(key, (Span) {payload, 0});
	ok(jwt_parse(token, &jwt) && jwt_verify(&jwt, key) && jwt.payload.size == 0, "%s: no claims are signed as well",
	   jwt_alg_name(key->alg));
	free((char *) token.data);
	free(payload);
}

/* ---------- mutations ---------- */

/* What mutations put in. */
static const Span pieces[] = {
	TEXT("."), TEXT(".."), TEXT("="), TEXT("=="), TEXT("+"), TEXT("/"), TEXT("-"), TEXT("_"), TEXT(" "), TEXT("\n"), TEXT("\0"),
	TEXT("A"), TEXT("Q"), TEXT("\x80"), TEXT("\xff"), TEXT("\xc3\xa9"), TEXT("e30"), TEXT("{}"), TEXT("{"), TEXT("}"), TEXT("["),
	TEXT("]"), TEXT("\""), TEXT("\\"), TEXT("\\u0000"), TEXT("\\u0061"), TEXT("\\ud800"), TEXT(","), TEXT(":"), TEXT("1"),
	TEXT("-1"), TEXT(".0"), TEXT("e9"), TEXT("1e999"), TEXT("null"), TEXT("true"), TEXT("\"alg\":\"none\","), TEXT("\"aud\":"),
	TEXT("\"exp\":9e18,"), TEXT("99999999999999999999"), TEXT("[[[[[[[[[[[[[[[[[")
};

/* Change a text in up to four places: another byte, a piece more, a part less, a part twice. */
static Span
mutate(Span text, char *out, size_t room)
{
	size_t		size = text.size;

	memcpy(out, text.data, size);
	for (size_t i = random_below(4) + 1; i > 0; i--)
	{
		size_t		from = random_below(size + 1);
		size_t		part = random_below(size - from < 20 ? size - from + 1 : 20);
		Span		piece = pieces[random_below(lengthof(pieces))];

		switch (random_below(4))
		{
			case 0:
				if (from < size)
					out[from] = ALPHABET[random_below(64)];
				break;
			case 1:
				if (size + piece.size > room)
					break;
				memmove(out + from + piece.size, out + from, size - from);
				memcpy(out + from, piece.data, piece.size);
				size += piece.size;
				break;
			case 2:
				memmove(out + from, out + from + part, size - from - part);
				size -= part;
				break;
			case 3:
				if (size + part > room)
					break;
				memmove(out + from + part, out + from, size - from);
				size += part;
				break;
		}
	}
	return (Span) {out, size};
}

/* Check that there is one text of a token and no other: whatever else parses is not verified. */
static void
fuzz_tokens(const JwtKey *key, int rounds)
{
	Span		token = sign(key, (Span) TEXT(CLAIMS));
	char	   *mutant = malloc(4096);
	int			parsed = 0;
	int			verified = 0;

	for (int i = 0; i < rounds; i++)
	{
		Span		text = mutate(token, mutant, 4096);
		Span		exact = exact_copy(text);
		char	   *payload = malloc(exact.size);
		size_t		size;
		Jwt			jwt;

		if (jwt_parse(exact, &jwt))
		{
			parsed++;
			(void) jwt_decode_payload(&jwt, payload, &size);
			if (jwt_verify(&jwt, key) && (text.size != token.size || memcmp(text.data, token.data, text.size) != 0))
				verified++;
		}
		free(payload);
		free((char *) exact.data);
	}
	is_int(verified, 0, "%s: no other text than the token is verified", jwt_alg_name(key->alg));
	ok(parsed > rounds / 20 && parsed < rounds - rounds / 20, "... though %d of %d parse", parsed, rounds);
	free((char *) token.data);
	free(mutant);
}

/* ---------- two ways of reading ---------- */

/* What is read in one way and in the other. */
typedef struct Readings
{
	int			plain;
	int			other;			/* by jansson alone */
	int			odd;			/* not the same, or not what is promised */
} Readings;

/* Tell whether claims are such as are promised, of a text that has no NUL. */
static bool
are_whole(const JwtClaims *claims, Span text)
{
	return claims->gen >= 0 && claims->iat >= 0 && claims->exp >= 0 && memchr(claims->aud, 0, 64) != NULL &&
		memchr(claims->uid, 0, 64) != NULL && memchr(claims->tk, 0, 64) != NULL && memchr(text.data, 0, text.size) == NULL;
}

/* Tell whether what decides is the same in two readings of claims. */
static bool
are_same(const JwtClaims *one, const JwtClaims *other)
{
	return strcmp(one->aud, other->aud) == 0 && strcmp(one->uid, other->uid) == 0 && strcmp(one->tk, other->tk) == 0 &&
		one->gen == other->gen && one->iat == other->iat && one->exp == other->exp;
}

/* Read claims in both ways. */
static void
compare_claims(Span text, Readings *readings)
{
	Span		exact = exact_copy(text);
	JwtClaims	plain;
	JwtClaims	other;
	bool		is_plain;
	bool		is_read;

	memset(&plain, 0, sizeof(plain));
	memset(&other, 0, sizeof(other));
	is_plain = jwt_read_claims_plainly(exact, &plain);
	is_read = jwt_read_claims_by_jansson(exact, &other);
	readings->plain += is_plain;
	readings->other += is_read && !is_plain;
	if ((is_plain && (!is_read || !are_same(&plain, &other))) || (is_read && !are_whole(&other, exact)))
		if (readings->odd++ < 3)
			diag("  read plainly: %d, by jansson: %d: %s", is_plain, is_read, show(text));
	free((char *) exact.data);
}

/* Read a header in both ways. */
static void
compare_headers(Span text, Readings *readings)
{
	Span		exact = exact_copy(text);
	Jwt			plain = {0};
	Jwt			other = {0};
	bool		is_plain = jwt_read_header_plainly(exact, &plain);
	bool		is_read = jwt_read_header_by_jansson(exact, &other);

	readings->plain += is_plain;
	readings->other += is_read && !is_plain;
	if (is_plain && (!is_read || plain.alg != other.alg || strcmp(plain.kid, other.kid) != 0) &&
		readings->odd++ < 3)
		diag("  read plainly: %d, by jansson: %d: %s", is_plain, is_read, show(text));
	free((char *) exact.data);
}

/* Append one of some texts. */
static void
append_one(char *json, const char *const *texts, size_t count)
{
	strcat(json, texts[random_below(count)]);
}

/* Append a value that may be JSON: mostly plain, not always good. */
static void
append_value(char *json, int depth)
{
	static const char *const values[] = {
		"\"\"", "\"a\"", "\"a b\"", "0", "7", "-1", "999999999999999999", "1700000000", "true", "false", "null", "\"\xc3\xa9\"",
		"\"\xf0\x9f\x98\x80\"", "\"\x7f\"", "-0", "123", "\"a\"", "[]", "{}", "\"a\"",
		"\"\\\"\"", "\"\\u0061\"", "1.5", "1e3", "1000000000000000000", "-999999999999999999",
		"00", "-", "1.", "truE", "nul", "\"", "\"\t\"", "\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xc0\x80\"", "'a'", ""
	};
	static const char *const names[] = {"\"a\"", "\"b\"", "\"c\"", "\"d\"", "\"e\"", "\"\"", "\"\xc3\xa9\"", "\"\\u0061\"", "a"};
	static const char *const colons[] = {":", ":", ":", ": ", ": ", ":  ", " :", "", "::"};
	static const char *const commas[] = {",", ",", ",", ", ", ", ", ",  ", " ,", "", ",,"};
	bool		is_object = random_below(2) == 0;
	bool		is_good = random_below(8) != 0;

	if (depth == 0 || random_below(3) == 0)
	{
		append_one(json, values, is_good ? 20 : lengthof(values));
		return;
	}
	strcat(json, is_object ? "{" : "[");
	for (size_t count = random_below(4), i = 0; i < count; i++)
	{
		if (i > 0)
			append_one(json, commas, is_good ? 5 : lengthof(commas));
		if (is_object)
		{
			append_one(json, names, is_good ? 7 : lengthof(names));
			append_one(json, colons, is_good ? 5 : lengthof(colons));
		}
		append_value(json, depth - 1);
	}
	strcat(json, random_below(100) != 0 ? is_object ? "}" : "]" : "");
}

/* Make claims with members of all kinds. */
static Span
make_claims(char *json)
{
	strcpy(json, "{\"aud\":\"" AUD "\"," NAMES);
	for (size_t i = random_below(4); i > 0; i--)
	{
		sprintf(json + strlen(json), ",\"x%zu\":", random_below(20));
		append_value(json, random_below(10));
	}
	strcat(json, "," TIMES "}");
	return (Span) {json, strlen(json)};
}

/* Check that claims are read alike in both ways, and keep what is promised of them. */
static void
fuzz_claims(void)
{
	char	   *json = malloc(1 << 16);
	Readings	mutants = {0};
	Readings	made = {0};

	for (int i = 0; i < ROUNDS; i++)
		compare_claims(mutate(good_claims[random_below(lengthof(good_claims))], json, 4096), &mutants);
	is_int(mutants.odd, 0, "claims that are read are whole, have no NUL, and are the same in both ways");
	ok(mutants.plain > ROUNDS / 50 && mutants.other > ROUNDS / 50, "... of %d, %d are read plainly, %d otherwise", ROUNDS,
	   mutants.plain, mutants.other);
	for (int i = 0; i < ROUNDS; i++)
		compare_claims(make_claims(json), &made);
	is_int(made.odd, 0, "so are those with members of all kinds");
	ok(made.plain > ROUNDS / 5 && made.other > ROUNDS / 50, "... of %d, %d are read plainly, %d otherwise", ROUNDS,
	   made.plain, made.other);
	free(json);
}

/* Check that headers are read alike in both ways. */
static void
fuzz_headers(void)
{
	char	   *json = malloc(4096);
	Readings	readings = {0};

	for (int i = 0; i < ROUNDS; i++)
		compare_headers(mutate(good_headers[random_below(lengthof(good_headers))], json, 4096), &readings);
	is_int(readings.odd, 0, "headers that are read are the same in both ways");
	ok(readings.plain > ROUNDS / 50 && readings.other > ROUNDS / 200, "... of %d, %d are read plainly, %d otherwise", ROUNDS,
	   readings.plain, readings.other);
	free(json);
}

/* Tell whether claims with so many members are read plainly. */
static bool
plain_members(int count)
{
	char		text[1024];
	int			size = sprintf(text, "%.*s", (int) strlen(CLAIMS) - 1, CLAIMS);
	JwtClaims	claims;

	for (int i = 8; i < count; i++)
		size += sprintf(text + size, ",\"x%d\":0", i);
	size += sprintf(text + size, "}");
	return jwt_read_claims_plainly((Span) {text, size}, &claims);
}

/* Check which claims are written plainly enough. */
static void
check_plain(void)
{
	static const struct
	{
		const char *member;
		bool		is_plain;
	}			cases[] = {
		{"", true},
		{",\"un\":\"ada\",\"n\":\"Ada \xc3\x89vora\"", true},
		{",\"cs\":{\"a\": 1, \"b\": [true, null]},\"m\":[{\"mid\":\"m\",\"p\":[\"a\",\"b\"]},{\"mid\":\"n\",\"p\":[]}],\"left_out\":[\"m.cs\"]", true},
		{",\"x\":[[[[[[[]]]]]]]", true},
		{",\"x\":[[[[[[[[]]]]]]]]", false},
		{",\"x\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}", true},
		{",\"x\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}", false},
		{",\"x\":-999999999999999999", true},
		{",\"x\":1000000000000000000", false},
		{",\"n\":\"\\\"\"", false},
		{",\"x\":1.5", false},
		{" ", false},
	};
	JwtClaims	claims;
	char		text[1024];

	for (size_t i = 0; i < lengthof(cases); i++)
	{
		int			size = sprintf(text, "%.*s%s}", (int) strlen(CLAIMS) - 1, CLAIMS, cases[i].member);

		is_int(jwt_read_claims_plainly((Span) {text, size}, &claims), cases[i].is_plain, "read plainly: {...%s}",
			   show((Span) {cases[i].member, strlen(cases[i].member)}));
		ok(jwt_read_claims_by_jansson((Span) {text, size}, &claims), "... and otherwise");
	}
	is_int(plain_members(PLAIN_MAX_MEMBERS), true, "read plainly: %d members", PLAIN_MAX_MEMBERS);
	is_int(plain_members(PLAIN_MAX_MEMBERS + 1), false, "... and no more");
}

int
main(void)
{
	JwtKey		keys[4];
	const JwtKey *others[4] = {&keys[0], &keys[1], &keys[2], &keys[3]};

	plan(lengthof(good_headers) + lengthof(bad_headers) + lengthof(good_tokens) + lengthof(bad_tokens) +
		 lengthof(bad_payloads) + lengthof(good_claims) + lengthof(bad_claims) + 8 + 7 + 7 + 3 * 2 + 6 +
		 10 + lengthof(rfc8032) + 2 + 10 + 7 + 3 * 9 + 3 * 2 + 3 * 2 + 4 + 2 + 2 * 12 + 2);
	if (sodium_init() < 0)
		abort();
	for (int alg = JWT_HS256; alg <= JWT_RS256; alg++)
		keys[alg] = new_key(alg);
	keys[3] = new_key(JWT_HS256);

	check_all(is_header, good_headers, lengthof(good_headers), true, "header:");
	check_all(is_header, bad_headers, lengthof(bad_headers), false, "no header:");
	check_all(is_token, good_tokens, lengthof(good_tokens), true, "token:");
	check_all(is_token, bad_tokens, lengthof(bad_tokens), false, "no token:");
	check_all(is_payload, bad_payloads, lengthof(bad_payloads), false, "no payload:");
	check_all(are_claims, good_claims, lengthof(good_claims), true, "claims:");
	check_all(are_claims, bad_claims, lengthof(bad_claims), false, "no claims:");
	is_int(verdict_of_header(256), 1, "a header of 256 bytes");
	is_int(verdict_of_header(257), 0, "... and of 257");
	is_int(verdict_of_size(JWT_MAX_SIZE), 1, "a token of 64 KiB");
	is_int(verdict_of_size(JWT_MAX_SIZE + 1), 0, "... and of a byte more");
	is_int(verdict_of_signature(JWT_SIGNATURE_MAX), 1, "a signature of 512 bytes");
	is_int(verdict_of_signature(JWT_SIGNATURE_MAX + 1), 0, "... and of 513");
	ok(!is_token((Span) {NULL, 0}), "no text is no token");
	ok(!are_claims((Span) {"", 0}), "no text has no claims");
	check_claims();
	check_carrying();
	check_bytes();
	check_rfc_tokens();
	check_rfc8032();
	check_rfc4231();
	check_strictness();
	check_rsa(&keys[JWT_RS256]);
	for (int alg = JWT_HS256; alg <= JWT_RS256; alg++)
	{
		check_round_trip(&keys[alg], others);
		check_sizes(&keys[alg]);
		check_room(&keys[alg]);
	}
	fuzz_tokens(&keys[JWT_HS256], ROUNDS);
	fuzz_tokens(&keys[JWT_EDDSA], ROUNDS / 10);
	fuzz_tokens(&keys[JWT_RS256], ROUNDS / 10);
	fuzz_claims();
	fuzz_headers();
	check_plain();
	for (int i = 0; i < 4; i++)
		jwt_key_close(&keys[i]);
	return tap_status();
}
