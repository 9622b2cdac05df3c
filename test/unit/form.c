/*
 * Tests of reading password hashes of all forms, and of verifying against
 * them. The hashes were made by other programs: bcrypt by python3-bcrypt and
 * PHP, sha-crypt and PBKDF2 by passlib and hashlib, scrypt by OpenSSL,
 * yescrypt by mkpasswd, argon2id by argon2-cffi; those with labels by Django.
 * Those of argon2id and better-auth are the same by @noble/hashes.
 */
#include <errno.h>
#include <pthread.h>
#include <sodium.h>

#include "password/form.h"
#include "tap.h"

#define ANSWER "known answer"
#define BCRYPT_SALT "D8pA7gutHt11a1QWG1D6Ke"
#define BCRYPT_TAG "rPxRm9VeMnWGalt6WdgDmd0Sq1FKh1u"
#define SHA256CRYPT_TAG "K1XU4ICyI.6qqCYPkAXXaxPqQUX3iUog5CvANCrtxO."
#define SHA512CRYPT_TAG "KC42jpuIsMWOr5M40wNj3hiknN.asa506v6NA8uy3vtvdLUawsiU1B.BaaQDDGbT8X.oTpluDyLZw71lOBM1e."
#define YESCRYPT_TAG "nur//hO8xHCRETWPlsV5AG90hOMVpWSfOHZBJxQxUU6"
#define SCRYPT_TAG "HAuYwUYeJ/.3qKH95BEC9rzkIkFVa0q/PHRlZ6wSq5D"
#define DJANGO_TAG "f+I87Dyr8Uy+0AEJng3SwQYQI9tLndR9Ne6kAW+vh5Y="
#define PASSLIB_SALT "8PHy8/T19vf4.fr7/P3./w"
#define PASSLIB_TAG "J13h7siSfC/w6s3i0184CdhIoOrQKeRJjP0wTfH3A2E"
#define PHC_SALT "AAAAAAAAAAAAAAAAAAAAAA"
#define PHC_TAG "W4IXjPT6pYMXbJOjIlwLcDdunCx03xO0eSvykqHSArc"
#define ARGON2_TAG "Pxd0tVDb1W9K8/l2yEF2+EPsBIcszPGMujWlcbDkBz4"
#define DJANGO20_TAG "jfvQaKqXudZKa/KtuU0arSos2Vo="
#define DJANGO64_TAG "l1ml4isw1UyRu/vIBUlClakzuJv01ehCHLsd3rWAB3ewtE3UzvCijDGxNlth0pp96BaQzO3ULWFoqxk1feuGSg=="
#define WERKZEUG64_TAG "c876ad5f0b9a6bdf79433e2457147bfa3a182fa997b058fd28b5361318c90997" \
	"f305d9a4d526ac30ca7fd277070517a4f10703761f09a4c300b220b81a91c965"
#define BETTER_AUTH_SALT "000102030405060708090a0b0c0d0eff"
#define SPRING_SALT "AAECAwQFBgcICQoLDA0ODw=="
#define KDF_SALT128 "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB" \
	"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE"

/* Hashes of known passwords, and what they cost. */
static const struct
{
	const char *password;
	Span		text;
	uint32_t	memory;
	uint32_t	iterations;
}			good[] = {
	{ANSWER, TEXT("$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyEhIQ$rsuMeNw2xxr2PcvMHVZ9Ig"), 8, 1},
	{ANSWER, TEXT("$2b$04$" BCRYPT_SALT BCRYPT_TAG), 0, 4},
	{ANSWER, TEXT("$2a$05$DoT1a1Hr4HNz1BTjTNZMAuQ3DEHgOUOsL21v79M8nKcA47J4UV4ye"), 0, 5},
	{ANSWER, TEXT("$2y$04$oOhaYpumxGKpo/yIHXYnx.O8d3ujkZMlsEol7O4Uo9nMtiDTJnYVi"), 0, 4},
	{"caf\xc3\xa9 \xf0\x9f\x94\x91", TEXT("$2b$04$b65.oG/yKOGmDQORPbFVyePVauqX/AFtyWkuSLRzvbNde8GXdnTw."), 0, 4},
	{ANSWER, TEXT("$5$rounds=1000$abcdefgh$" SHA256CRYPT_TAG), 0, 1000},
	{ANSWER, TEXT("$5$K6LILJw9NvgorskZ$uDinxPSwtwP8OZzEb9loj5yoM3JgZvxgcUOhddntCT2"), 0, 5000},
	{ANSWER, TEXT("$6$rounds=1000$a$" SHA512CRYPT_TAG), 0, 1000},
	{ANSWER, TEXT("$6$8gL5Jc7SYTtet0Yo$uk4MRVUB.BwdcrjvBcUAU9nD0/3Wtw9seKt0331lLaTk.AXNJ2h4CMZ3nth6VCx1zK0rTVVHy5ILarqonPdP30"), 0, 5000},
	{ANSWER, TEXT("$y$j75$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG), 1024, 1},
	{ANSWER, TEXT("$y$j9T$45.jDEI9.LTasGAq4UTWJ.$9ghVMsWaMdZC7wWsF8FiVPYgDFs9YqtEIA9S5yLP7/C"), 16384, 1},
	{ANSWER, TEXT("$7$26..../....SodiumChloride$" SCRYPT_TAG), 19, 1},
	{ANSWER, TEXT("$7$81....0....xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx$zbZSfT63SJ0Ty0DIzf.HSdBuqRXwRF3GJsAc.7OaU47"), 386, 2},
	{ANSWER, TEXT("pbkdf2_sha256$10$seasalt$" DJANGO_TAG), 0, 10},
	{ANSWER, TEXT("pbkdf2_sha256$1000$p.e-p_p/er$p38QY1aOJr+lnDNrKOT+kjA1HvT5RTjo+igFs2NVaJM="), 0, 1000},
	{ANSWER, TEXT("$pbkdf2-sha256$10$" PASSLIB_SALT "$" PASSLIB_TAG), 0, 10},
	{ANSWER, TEXT("$pbkdf2-sha256$i=12,l=32$" PHC_SALT "$" PHC_TAG), 0, 12},
	{ANSWER, TEXT("$pbkdf2-sha256$i=12$AAECAwQFBgcICQoLDA0ODw$itflogiK3ZFWnMyl69X5ZnRJcQXKJEmByjHEBs4pgg8"), 0, 12},
	{ANSWER, TEXT("$pbkdf2-sha256$i=12,l=64$c2FsdHNhbHRzYWx0c2FsdA$ZBt9sZlHuv2mdNqak9Kny8fUyc+edFQcOalGOOeMUk7/fwmlMRudQIbcjI6y8kuP3qahI5o2nD3bn+BQOLx39w"), 0, 24},
	{ANSWER, TEXT("$pbkdf2-sha256$i=12,l=20$c2FsdHNhbHRzYWx0c2FsdA$ZBt9sZlHuv2mdNqak9Kny8fUyc8"), 0, 12},
	{ANSWER, TEXT("$argon2id$v=19$m=16,t=1,p=2$AAECAwQFBgcICQoLDA0ODw$KbW7+SLadsHgQnTrBEo0uQ"), 16, 1},
	{ANSWER, TEXT("$argon2id$v=19$m=32,t=3,p=4$c29tZXNhbHQ$0Y+H48ltnWXh07WTf7dJjw"), 32, 3},
	{ANSWER, TEXT("$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZmdoaWprbA$obkWkCgPpsA2ajAQoDsDBQ"), 64, 2},
	{ANSWER, TEXT("argon2$argon2id$v=19$m=64,t=1,p=8$QWJDZEVmR2hJaktsTW5PcFFyU3RVdg$bCwKL15+jmW79wXGUz3K3Q"), 64, 1},
	{ANSWER, TEXT("{argon2}$argon2id$v=19$m=64,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$KTzj+9SphLJNIH0YBT/5tA"), 64, 1},
	{ANSWER, TEXT("{argon2@SpringSecurity_v5_8}$argon2id$v=19$m=64,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$KTzj+9SphLJNIH0YBT/5tA"), 64, 1},
	{ANSWER, TEXT("bcrypt$$2b$04$tnJp2lwYFtpcKzlYOM4mve8Mrn9eUcW68Z8p/n14VnA9KUodXIWjm"), 0, 4},
	{ANSWER, TEXT("{bcrypt}$2a$04$v5rsw5VVYLbwTDloVnJ4z.vMbcWuYtQ6tDoO.vHd7lHF4dMDsW0D."), 0, 4},
	{ANSWER, TEXT("bcrypt_sha256$$2b$04$.jItgroPpFqK/Io6NBdT.eNZR3JD66Vjfczq2291KSsiHB3mGDG1C"), 0, 4},
	{ANSWER, TEXT("$scrypt$ln=4,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$2+/aaX2FkDdl+Fcnh4DP2K7M28lPO0AYf0ziZB2Rnzk"), 19, 1},
	{ANSWER, TEXT("$scrypt$ln=5,r=3,p=2$AAECAwQFBgcICQoLDA0ODxAREhM$+WLPSaN1AfYmkJw6vvYjuv7L4Q39yG81rJ5yfof9R8ul1WdtXsLRYwhCpeHVf/WgyIADPduSPIbuktIVH0+rGQ"), 14, 2},
	{ANSWER, TEXT("scrypt$16$seasalt$8$5$l1ml4isw1UyRu/vIBUlClakzuJv01ehCHLsd3rWAB3ewtE3UzvCijDGxNlth0pp96BaQzO3ULWFoqxk1feuGSg=="), 23, 5},
	{ANSWER, TEXT("scrypt$1024$p.e-p_p/er$8$1$l0K6Jl85t5co0hWspYYX4X0mOlyEJT59HEYXwWMEZoTPc2nP8jthXPHgSDYKIbdamzOwI48ZPXKSrgHZt9NL6g=="), 1027, 1},
	{ANSWER, TEXT("scrypt:16:8:1$SaltOfWerkzeug$c876ad5f0b9a6bdf79433e2457147bfa3a182fa997b058fd28b5361318c90997f305d9a4d526ac30ca7fd277070517a4f10703761f09a4c300b220b81a91c965"), 19, 1},
	{ANSWER, TEXT("{scrypt}$40801$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==$cxKit8QykAz9QAszOVmaGzbD+EMTS480Egt+2IwMP90="), 19, 1},
	{ANSWER, TEXT("{scrypt@SpringSecurity_v5_8}$a0802$AAECAwQFBgcICQoLDA0ODw==$wSNC5lmi14hZ1YgMvw3YMFMpiMwQrl0nJ4DTzCsNIYhDcUQaT5oXN5r/FK8B1oRkWAq1tpX/acd2TpQbVYj1HA=="), 1028, 2},
	{ANSWER, TEXT("000102030405060708090a0b0c0d0eff:ed3fd9eeb78a5bf12e994ff0e89ea470471396fab0525f4d0c7bd645188e124d89955504ba41e914527b313e30e09fa88f3ab80273ec13210f43fcb23746bcde"), 32774, 1},
	{ANSWER, TEXT("pbkdf2_sha1$10$seasalt$jfvQaKqXudZKa/KtuU0arSos2Vo="), 0, 10},
	{ANSWER, TEXT("pbkdf2_sha512$10$seasalt$8RC8w1YAxMq/axP+DspeYWNZ2/CjpObPHfU/wJRwki+lwHjxUpuKPnvAqUBBonrpxAEog44GClSId/uvEVvS3g=="), 0, 10},
	{ANSWER, TEXT("pbkdf2:sha1:10$SrZE1Ht1haAX$164863782d8cfca15d04fd562dce83dd7dc05dd4"), 0, 10},
	{ANSWER, TEXT("pbkdf2:sha256:10$JRa9Vbezv7H3$45821f780a3f8253052c70f5cea28be50aeaa4f09040ac91f59aa58b6c003e63"), 0, 10},
	{ANSWER, TEXT("pbkdf2:sha512:10$BP0yJ1B8c5yt$c77002a53c2f8d9d0d66a76a8cdccb5b3ba77267cd043b45b02e87216f17164cd1d70b325d9fb6573a1ed425ed6c8220d776a7869b5f2e05282bcf255f2b0aae"), 0, 10},
	{ANSWER, TEXT("$pbkdf2$10$8PHy8/T19vf4.fr7/P3./w$AFOR81wj.euYIlonD/4wLNYvars"), 0, 10},
	{ANSWER, TEXT("$pbkdf2-sha512$10$8PHy8/T19vf4.fr7/P3./w$XGP31E9jYkrCxP1v5f59FqsUnv.cJYrSOQn6SWyR0frwoW.OL7ajQaBhyyetOSpYpFOwvidXLiH/uJP6wj71cA"), 0, 10},
	{ANSWER, TEXT("$pbkdf2-sha512$i=12,l=32$AAAAAAAAAAAAAAAAAAAAAA$COj8WubDD4XdbL0s5GP1zPssZXTzfn2FosaEmAa27r8"), 0, 12},
	{ANSWER, TEXT("$pbkdf2$i=12,l=32$AAAAAAAAAAA$0NB2u2NUoct+rmZkHq3b6cGvKWV7+0H4PxJRv30hoaE"), 0, 24},
	{ANSWER, TEXT("$pbkdf2-sha512$i=12$AAAAAAAAAAAAAAAAAAAAAA$COj8WubDD4XdbL0s5GP1zPssZXTzfn2FosaEmAa27r8/Hg4sjU4Duxh6vk8EApFtIkCITBKqIGRKOkfxzA1NEA"), 0, 12},
	{ANSWER, TEXT("AQAAAAAAAAAKAAAAEAABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uNpg=="), 0, 20},
	{ANSWER, TEXT("AQAAAAEAAAAKAAAAEQABAgMEBQYHCAkKCwwNDg8Qh+2TBNeSlTvNO3LNTjSiJdFcV84F2iuN80ddj7xsxCk="), 0, 10},
	{ANSWER, TEXT("AQAAAAIAAAAKAAAAEgABAgMEBQYHCAkKCwwNDg8QEfeU09c2bgbFgpwmg2XfkQ3tVOqSCkewDgBIpvOjL9O/"), 0, 10},
};

/* Hashes of the known password whose form leaves open how long they are, so that a part of one can be taken for one. */
static const Span open_ended[] = {
	TEXT("$argon2id$v=19$m=32,t=1,p=4$c29tZXNhbHQ$Pxd0tVDb1W9K8/l2yEF2+EPsBIcszPGMujWlcbDkBz4"),
	TEXT("$argon2id$v=19$m=64,t=2,p=8$MDEyMzQ1Njc4OWFiY2RlZmdoaWprbA$DoI2nvQnBp1+6HrvCS2wy7SrLMXiXE+vwijmpQC2BmY"),
	TEXT("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$DdwStsFh/o5uKD7W0whLssTGP+YrPUH2z7VQtNyw6pI"),
	TEXT("$argon2id$v=19$m=64,t=1,p=3$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8$5q1/9eJU3pQKyAVIjKymjJaSpEdR/oWB"),
	TEXT("$argon2id$v=19$m=8,t=1,p=1$QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE$7mZW7F3PwpSOCJciLYr+t1yXCbGvKakBCWOTzFjt7vEXrNadansMM5jJW7EMyB9vPChObKi763QNAz9eaDGQeA"),
	TEXT("argon2$argon2id$v=19$m=64,t=2,p=8$MDEyMzQ1Njc4OWFiY2RlZmdoaWprbA$DoI2nvQnBp1+6HrvCS2wy7SrLMXiXE+vwijmpQC2BmY"),
};

/* What is read, too, but never computed here. */
static const struct
{
	const char *what;
	Span		text;
	uint32_t	memory;
	uint32_t	iterations;
}			dear[] = {
	{"bcrypt of the highest cost", TEXT("$2b$31$" BCRYPT_SALT BCRYPT_TAG), 0, 31},
	{"bcrypt with spare bits in the salt", TEXT("$2b$04$D8pA7gutHt11a1QWG1D6Kf" BCRYPT_TAG), 0, 4},
	{"sha-crypt of the most rounds", TEXT("$5$rounds=999999999$abcdefgh$" SHA256CRYPT_TAG), 0, 999999999},
	{"yescrypt of the most memory", TEXT("$y$jjj$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG), UINT32_MAX, 1},
	{"yescrypt of 3 GiB", TEXT("$y$jHL$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG), 3 << 20, 1},
	{"scrypt of the largest N", TEXT("$7$z6..../....SodiumChloride$" SCRYPT_TAG), UINT32_MAX, 1},
	{"scrypt of a large N", TEXT("$7$T6..../....SodiumChloride$" SCRYPT_TAG), 2147483651, 1},
	{"scrypt of the largest r", TEXT("$7$2zzzzz/....SodiumChloride$" SCRYPT_TAG), 2550136830, 1},
	{"scrypt of the largest p", TEXT("$7$2/....zzzzzSodiumChloride$" SCRYPT_TAG), 134217731, (1 << 30) - 1},
	{"Django of the most iterations", TEXT("pbkdf2_sha256$4294967295$seasalt$" DJANGO_TAG), 0, UINT32_MAX},
	{"PHC of more than the most", TEXT("$pbkdf2-sha256$i=4294967295,l=64$c2FsdHNhbHRzYWx0c2FsdA$ZBt9sZlHuv2mdNqak9Kny8fUyc+edFQcOalGOOeMUk7/fwmlMRudQIbcjI6y8kuP3qahI5o2nD3bn+BQOLx39w"), 0, UINT32_MAX},
	{"argon2id of the most lanes", TEXT("$argon2id$v=19$m=134217720,t=4294967295,p=16777215$c29tZXNhbHQ$" ARGON2_TAG), 134217720, UINT32_MAX},
	{"argon2id of the most memory", TEXT("$argon2id$v=19$m=4294967295,t=1,p=4$c29tZXNhbHQ$" ARGON2_TAG), UINT32_MAX, 1},
	{"passlib's scrypt of the largest N", TEXT("$scrypt$ln=63,r=8,p=1$" PHC_SALT "$" PHC_TAG), UINT32_MAX, 1},
	{"passlib's scrypt of the largest r", TEXT("$scrypt$ln=1,r=1073741823,p=1$" PHC_SALT "$" PHC_TAG), 671088640, 1},
	{"Django's scrypt of the largest N", TEXT("scrypt$2147483648$seasalt$8$5$" DJANGO64_TAG), 2147483655, 5},
	{"Werkzeug's scrypt of the largest p", TEXT("scrypt:2:1:1073741823$seasalt$" WERKZEUG64_TAG), 134217729, 1073741823},
	{"Spring's scrypt of the largest sizes", TEXT("{scrypt}$3fffff$AAECAwQFBgcICQoLDA0ODw==$" DJANGO_TAG), UINT32_MAX, 255},
	{"ASP.NET's of the most iterations", TEXT("AQAAAAL/////AAAAEAABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uNpg=="), 0, UINT32_MAX},
	{"a salt of 128 bytes", TEXT("$pbkdf2-sha256$12$" KDF_SALT128 "$" PHC_TAG), 0, 12},
};

static const struct
{
	const char *what;
	Span		text;
}			bad[] = {
	{"nothing", TEXT("")},
	{"DES", TEXT("rl.3StKT.4T8M")},
	{"DES of BSDi", TEXT("_J9..rasmBYk8r9AiWNc")},
	{"md5crypt", TEXT("$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/")},
	{"bcrypt with the sign bug", TEXT("$2x$04$" BCRYPT_SALT BCRYPT_TAG)},
	{"bcrypt without a letter", TEXT("$2$04$" BCRYPT_SALT BCRYPT_TAG)},
	{"NT", TEXT("$3$$8846f7eaee8fb117ad06bdd830b7586c")},
	{"sha1crypt", TEXT("$sha1$40000$jtNX3nZ2$hBNaIXkt4wBI2o5rsi8KejSjNqIq")},
	{"SunMD5", TEXT("$md5,rounds=5000$GUBv0xjJ$$mSwgIswdjlTY0YxV7HBVm0")},
	{"gost-yescrypt", TEXT("$gy$j75$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG)},
	{"Apache's", TEXT("$apr1$lZL6V/ci$eIMz/iKDkbtys/uU7LEK00")},
	{"phpass", TEXT("$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0")},
	{"argon2i", TEXT("$argon2i$v=19$m=32,t=1,p=4$c29tZXNhbHQ$" ARGON2_TAG)},
	{"Django's argon2i", TEXT("argon2$argon2i$v=19$m=32,t=1,p=4$c29tZXNhbHQ$" ARGON2_TAG)},
	{"Django's SHA-1 with a tag of SHA-256", TEXT("pbkdf2_sha1$10$seasalt$" DJANGO_TAG)},
	{"Django's SHA-256 with a tag of SHA-1", TEXT("pbkdf2_sha256$10$seasalt$" DJANGO20_TAG)},
	{"Django's SHA-512 with a tag of SHA-256", TEXT("pbkdf2_sha512$10$seasalt$" DJANGO_TAG)},
	{"passlib's SHA-512 with a tag of SHA-256", TEXT("$pbkdf2-sha512$10$" PASSLIB_SALT "$" PASSLIB_TAG)},
	{"passlib's SHA-1 with a tag of SHA-256", TEXT("$pbkdf2$10$" PASSLIB_SALT "$" PASSLIB_TAG)},
	{"PBKDF2 with MD5", TEXT("pbkdf2:md5:10$seasalt$21e9a6f7c5a3a1f0c1d0a5c1c6f9b3d2")},
	{"a bare prefix", TEXT("$2b$")},
	{"a prefix without its dollar", TEXT("$2b04$" BCRYPT_SALT BCRYPT_TAG)},

	{"bcrypt of cost 3", TEXT("$2b$03$" BCRYPT_SALT BCRYPT_TAG)},
	{"bcrypt of cost 32", TEXT("$2b$32$" BCRYPT_SALT BCRYPT_TAG)},
	{"bcrypt of cost 4", TEXT("$2b$4$" BCRYPT_SALT BCRYPT_TAG "A")},
	{"bcrypt with a longer tag", TEXT("$2b$04$" BCRYPT_SALT BCRYPT_TAG "u")},
	{"bcrypt with spare bits in the tag", TEXT("$2b$04$" BCRYPT_SALT "rPxRm9VeMnWGalt6WdgDmd0Sq1FKh1v")},
	{"bcrypt with a plus sign", TEXT("$2b$04$+8pA7gutHt11a1QWG1D6Ke" BCRYPT_TAG)},
	{"bcrypt with NUL", TEXT("$2b$04$\0" "8pA7gutHt11a1QWG1D6Ke" BCRYPT_TAG)},
	{"bcrypt that ends in NUL", TEXT("$2b$04$" BCRYPT_SALT "rPxRm9VeMnWGalt6WdgDmd0Sq1FKh1\0")},

	{"sha-crypt of 999 rounds", TEXT("$5$rounds=999$abcdefgh$" SHA256CRYPT_TAG)},
	{"sha-crypt of 1000000000 rounds", TEXT("$5$rounds=1000000000$abcdefgh$" SHA256CRYPT_TAG)},
	{"sha-crypt of 01000 rounds", TEXT("$5$rounds=01000$abcdefgh$" SHA256CRYPT_TAG)},
	{"sha-crypt of no rounds", TEXT("$5$rounds=$abcdefgh$" SHA256CRYPT_TAG)},
	{"sha-crypt without a salt", TEXT("$5$rounds=1000$$" SHA256CRYPT_TAG)},
	{"sha-crypt with a salt of 17", TEXT("$5$abcdefghijklmnopq$" SHA256CRYPT_TAG)},
	{"sha-crypt with a blank", TEXT("$5$abcd fgh$" SHA256CRYPT_TAG)},
	{"sha-crypt with the other tag", TEXT("$5$a$" SHA512CRYPT_TAG)},
	{"sha-crypt with the other tag", TEXT("$6$a$" SHA256CRYPT_TAG)},
	{"sha-crypt with spare bits", TEXT("$5$abcdefgh$K1XU4ICyI.6qqCYPkAXXaxPqQUX3iUog5CvANCrtxOE")},
	{"sha-crypt with spare bits", TEXT("$6$a$KC42jpuIsMWOr5M40wNj3hiknN.asa506v6NA8uy3vtvdLUawsiU1B.BaaQDDGbT8X.oTpluDyLZw71lOBM1e2")},

	{"yescrypt of another flavor", TEXT("$y$i75$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG)},
	{"yescrypt of N = 2", TEXT("$y$j.5$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG)},
	{"yescrypt of a longer N", TEXT("$y$jk5$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG)},
	{"yescrypt of a longer r", TEXT("$y$j7k$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG)},
	{"yescrypt with more parameters", TEXT("$y$j75.7$mA6Oh.BKnmQAmUH4cugxy0$" YESCRYPT_TAG)},
	{"yescrypt without a salt", TEXT("$y$j75$$" YESCRYPT_TAG)},
	{"yescrypt with spare bits in the salt", TEXT("$y$j75$mA6Oh.BKnmQAmUH4cugxy2$" YESCRYPT_TAG)},
	{"yescrypt with spare bits in the tag", TEXT("$y$j75$mA6Oh.BKnmQAmUH4cugxy0$nur//hO8xHCRETWPlsV5AG90hOMVpWSfOHZBJxQxUUG")},
	{"yescrypt with a salt of 1", TEXT("$y$j75$m$" YESCRYPT_TAG)},
	{"yescrypt with a salt of 88", TEXT("$y$j75$........................................................................................$" YESCRYPT_TAG)},

	{"scrypt of N = 1", TEXT("$7$.6..../....SodiumChloride$" SCRYPT_TAG)},
	{"scrypt of r = 0", TEXT("$7$2...../....SodiumChloride$" SCRYPT_TAG)},
	{"scrypt of p = 0", TEXT("$7$26.........SodiumChloride$" SCRYPT_TAG)},
	{"scrypt of r p = 2^30", TEXT("$7$20....zzzzzSodiumChloride$" SCRYPT_TAG)},
	{"scrypt without a salt", TEXT("$7$26..../....$" SCRYPT_TAG)},
	{"scrypt with a salt of 87", TEXT("$7$26..../...........................................................................................$" SCRYPT_TAG)},
	{"scrypt with spare bits", TEXT("$7$26..../....SodiumChloride$HAuYwUYeJ/.3qKH95BEC9rzkIkFVa0q/PHRlZ6wSq5E")},

	{"Django of no iteration", TEXT("pbkdf2_sha256$0$seasalt$" DJANGO_TAG)},
	{"Django without a salt", TEXT("pbkdf2_sha256$10$$" DJANGO_TAG)},
	{"Django with a control character", TEXT("pbkdf2_sha256$10$sea\tsalt$" DJANGO_TAG)},
	{"Django with a salt beyond ASCII", TEXT("pbkdf2_sha256$10$s\xc3\xa9" "asalt$" DJANGO_TAG)},
	{"Django without padding", TEXT("pbkdf2_sha256$10$seasalt$f+I87Dyr8Uy+0AEJng3SwQYQI9tLndR9Ne6kAW+vh5Y")},
	{"Django with a shorter tag", TEXT("pbkdf2_sha256$10$seasalt$f+I87Dyr8Uy+0AEJng3SwQYQI9tLndR9Ne6kAW+v")},
	{"passlib with plus signs", TEXT("$pbkdf2-sha256$10$8PHy8/T19vf4+fr7/P3+/w$" PASSLIB_TAG)},
	{"passlib without a salt", TEXT("$pbkdf2-sha256$10$$" PASSLIB_TAG)},
	{"passlib with a shorter tag", TEXT("$pbkdf2-sha256$10$" PASSLIB_SALT "$J13h7siSfC/w6s3i0184CdhIoOrQKeRJjP0wTfH3")},
	{"PHC with dots", TEXT("$pbkdf2-sha256$i=12,l=32$" PASSLIB_SALT "$" PHC_TAG)},
	{"PHC with another length", TEXT("$pbkdf2-sha256$i=12,l=31$" PHC_SALT "$" PHC_TAG)},
	{"PHC with no length", TEXT("$pbkdf2-sha256$i=12,l=$" PHC_SALT "$" PHC_TAG)},
	{"PHC with a length of 15", TEXT("$pbkdf2-sha256$i=12,l=15$" PHC_SALT "$AAAAAAAAAAAAAAAAAAAA")},
	{"PHC with a length of 66", TEXT("$pbkdf2-sha256$i=12,l=66$" PHC_SALT "$" PHC_TAG PHC_TAG "AA")},
	{"PHC in another order", TEXT("$pbkdf2-sha256$l=32,i=12$" PHC_SALT "$" PHC_TAG)},
	{"a salt of 129 bytes", TEXT("$pbkdf2-sha256$12$" KDF_SALT128 "A$" PHC_TAG)},
	{"a salt without end", TEXT("$pbkdf2-sha256$12$" KDF_SALT128 KDF_SALT128 KDF_SALT128 "$" PHC_TAG)},

	{"argon2id of less than 8 KiB a lane", TEXT("$argon2id$v=19$m=31,t=1,p=4$c29tZXNhbHQ$" ARGON2_TAG)},
	{"argon2id of a lane too many", TEXT("$argon2id$v=19$m=134217728,t=1,p=16777216$c29tZXNhbHQ$" ARGON2_TAG)},
	{"argon2id whose lanes times 8 are 2^32", TEXT("$argon2id$v=19$m=32,t=1,p=536870912$c29tZXNhbHQ$" ARGON2_TAG)},
	{"argon2id of no lane", TEXT("$argon2id$v=19$m=32,t=1,p=0$c29tZXNhbHQ$" ARGON2_TAG)},
	{"argon2id with a salt of 7", TEXT("$argon2id$v=19$m=32,t=1,p=4$c29tZXNhbA$" ARGON2_TAG)},
	{"argon2id with a salt of 129", TEXT("$argon2id$v=19$m=32,t=1,p=4$" KDF_SALT128 "A$" ARGON2_TAG)},
	{"argon2id with a key", TEXT("$argon2id$v=19$m=32,t=1,p=4,keyid=AAAA$c29tZXNhbHQ$" ARGON2_TAG)},

	{"Django's label alone", TEXT("bcrypt$")},
	{"Django's label and half a prefix", TEXT("bcrypt$$2")},
	{"Django's label with one dollar", TEXT("bcrypt$2b$04$" BCRYPT_SALT BCRYPT_TAG)},
	{"Django's label twice", TEXT("bcrypt$bcrypt$$2b$04$" BCRYPT_SALT BCRYPT_TAG)},
	{"Django's label before another form", TEXT("bcrypt$pbkdf2_sha256$10$seasalt$" DJANGO_TAG)},
	{"Django's label of argon2 before bcrypt", TEXT("argon2$2b$04$" BCRYPT_SALT BCRYPT_TAG)},
	{"Django's label of argon2 with two dollars", TEXT("argon2$$argon2id$v=19$m=32,t=1,p=4$c29tZXNhbHQ$" ARGON2_TAG)},
	{"Spring's label twice", TEXT("{bcrypt}{bcrypt}$2a$04$" BCRYPT_SALT BCRYPT_TAG)},
	{"Spring's label in another case", TEXT("{BCRYPT}$2a$04$" BCRYPT_SALT BCRYPT_TAG)},
	{"Spring's label before another form", TEXT("{bcrypt}$argon2id$v=19$m=32,t=1,p=4$c29tZXNhbHQ$" ARGON2_TAG)},
	{"Spring's label before better-auth's", TEXT("{bcrypt}" BETTER_AUTH_SALT ":" WERKZEUG64_TAG)},
	{"Spring's plain text", TEXT("{noop}password")},
	{"Spring's SHA-256", TEXT("{sha256}97cde38028ad898ebc02e690819fa220e88c62e0699403e94fff291cfffaf8410849f27605abcbc0")},
	{"Spring's PBKDF2", TEXT("{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6bf3b508fbf17fa4ed4d6b99ca763d8dc")},

	{"passlib's scrypt of N = 1", TEXT("$scrypt$ln=0,r=8,p=1$" PHC_SALT "$" PHC_TAG)},
	{"passlib's scrypt of N = 2^64", TEXT("$scrypt$ln=64,r=8,p=1$" PHC_SALT "$" PHC_TAG)},
	{"passlib's scrypt of r = 0", TEXT("$scrypt$ln=4,r=0,p=1$" PHC_SALT "$" PHC_TAG)},
	{"passlib's scrypt of p = 0", TEXT("$scrypt$ln=4,r=8,p=0$" PHC_SALT "$" PHC_TAG)},
	{"passlib's scrypt of r p = 2^30", TEXT("$scrypt$ln=4,r=32768,p=32768$" PHC_SALT "$" PHC_TAG)},
	{"passlib's scrypt of r p = 2^32", TEXT("$scrypt$ln=4,r=65536,p=65536$" PHC_SALT "$" PHC_TAG)},
	{"passlib's scrypt without a salt", TEXT("$scrypt$ln=4,r=8,p=1$$" PHC_TAG)},
	{"passlib's scrypt with a salt of 129", TEXT("$scrypt$ln=4,r=8,p=1$" KDF_SALT128 "A$" PHC_TAG)},
	{"passlib's scrypt with a tag of 31", TEXT("$scrypt$ln=4,r=8,p=1$" PHC_SALT "$" "W4IXjPT6pYMXbJOjIlwLcDdunCx03xO0eSvykqHSAg")},
	{"passlib's scrypt with padding", TEXT("$scrypt$ln=4,r=8,p=1$" PHC_SALT "==$" PHC_TAG "=")},
	{"passlib's scrypt in another order", TEXT("$scrypt$r=8,ln=4,p=1$" PHC_SALT "$" PHC_TAG)},
	{"Django's scrypt of N = 1", TEXT("scrypt$1$seasalt$8$5$" DJANGO64_TAG)},
	{"Django's scrypt of N = 0", TEXT("scrypt$0$seasalt$8$5$" DJANGO64_TAG)},
	{"Django's scrypt of N = 24", TEXT("scrypt$24$seasalt$8$5$" DJANGO64_TAG)},
	{"Django's scrypt of N = 2^32", TEXT("scrypt$4294967296$seasalt$8$5$" DJANGO64_TAG)},
	{"Django's scrypt without a salt", TEXT("scrypt$16$$8$5$" DJANGO64_TAG)},
	{"Django's scrypt with a tag of 32", TEXT("scrypt$16$seasalt$8$5$" DJANGO_TAG)},
	{"scrypt in the order of others", TEXT("scrypt$16$8$5$c2Vhc2FsdA==$" DJANGO64_TAG)},
	{"Werkzeug's scrypt of N = 24", TEXT("scrypt:24:8:1$SaltOfWerkzeug$" WERKZEUG64_TAG)},
	{"Werkzeug's scrypt with more behind", TEXT("scrypt:16:8:1$SaltOfWerkzeug$" WERKZEUG64_TAG "00")},
	{"Werkzeug's scrypt with half a byte less", TEXT("scrypt:16:8:1$SaltOfWerkzeug$c876ad5f0b9a6bdf79433e2457147bfa3a182fa997b058fd28b5361318c90997f305d9a4d526ac30ca7fd277070517a4f10703761f09a4c300b220b81a91c96")},
	{"Werkzeug's scrypt in capitals", TEXT("scrypt:16:8:1$SaltOfWerkzeug$C876ad5f0b9a6bdf79433e2457147bfa3a182fa997b058fd28b5361318c90997f305d9a4d526ac30ca7fd277070517a4f10703761f09a4c300b220b81a91c965")},
	{"Werkzeug's scrypt without a salt", TEXT("scrypt:16:8:1$$" WERKZEUG64_TAG)},
	{"Werkzeug's without iterations", TEXT("pbkdf2:sha256$JRa9Vbezv7H3$45821f780a3f8253052c70f5cea28be50aeaa4f09040ac91f59aa58b6c003e63")},
	{"Werkzeug's of no iteration", TEXT("pbkdf2:sha256:0$JRa9Vbezv7H3$45821f780a3f8253052c70f5cea28be50aeaa4f09040ac91f59aa58b6c003e63")},
	{"Werkzeug's with the tag of another digest", TEXT("pbkdf2:sha512:10$JRa9Vbezv7H3$45821f780a3f8253052c70f5cea28be50aeaa4f09040ac91f59aa58b6c003e63")},
	{"Spring's scrypt without its label", TEXT("$40801$" SPRING_SALT "$" DJANGO_TAG)},
	{"Spring's scrypt of N = 1", TEXT("{scrypt}$801$" SPRING_SALT "$" DJANGO_TAG)},
	{"Spring's scrypt of N = 2^64", TEXT("{scrypt}$400801$" SPRING_SALT "$" DJANGO_TAG)},
	{"Spring's scrypt of r = 0", TEXT("{scrypt}$40001$" SPRING_SALT "$" DJANGO_TAG)},
	{"Spring's scrypt of p = 0", TEXT("{scrypt}$40800$" SPRING_SALT "$" DJANGO_TAG)},
	{"Spring's scrypt of no sizes", TEXT("{scrypt}$$" SPRING_SALT "$" DJANGO_TAG)},
	{"Spring's scrypt of sizes in capitals", TEXT("{scrypt}$E0801$" SPRING_SALT "$" DJANGO_TAG)},
	{"Spring's scrypt of sizes with a zero", TEXT("{scrypt}$040801$" SPRING_SALT "$" DJANGO_TAG)},
	{"Spring's scrypt of sizes beyond 32 bits", TEXT("{scrypt}$100040801$" SPRING_SALT "$" DJANGO_TAG)},
	{"Spring's scrypt without padding", TEXT("{scrypt}$40801$AAECAwQFBgcICQoLDA0ODw$" PHC_TAG)},
	{"Spring's scrypt with a tag of 20", TEXT("{scrypt}$40801$" SPRING_SALT "$" DJANGO20_TAG)},
	{"better-auth's with a shorter salt", TEXT("000102030405060708090a0b0c0d0e:" WERKZEUG64_TAG)},
	{"better-auth's with a longer salt", TEXT("00" BETTER_AUTH_SALT ":" WERKZEUG64_TAG)},
	{"better-auth's with a salt in capitals", TEXT("000102030405060708090A0b0c0d0eff:" WERKZEUG64_TAG)},
	{"better-auth's without a colon", TEXT(BETTER_AUTH_SALT WERKZEUG64_TAG)},
	{"better-auth's with more behind", TEXT(BETTER_AUTH_SALT ":" WERKZEUG64_TAG ":")},
	{"better-auth's with a blank", TEXT(BETTER_AUTH_SALT ": " WERKZEUG64_TAG)},

	{"ASP.NET's of an unknown digest", TEXT("AQAAAAMAAAAKAAAAEAABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uNpg==")},
	{"ASP.NET's of no iteration", TEXT("AQAAAAAAAAAAAAAAEAABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uNpg==")},
	{"ASP.NET's second form", TEXT("AAABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uNpg==")},
	{"ASP.NET's with a salt said to be longer", TEXT("AQAAAAAAAAAKAAAAEQABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uNpg==")},
	{"ASP.NET's with a salt said to be shorter", TEXT("AQAAAAAAAAAKAAAADwABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uNpg==")},
	{"ASP.NET's with a salt said to be 2^32 - 1", TEXT("AQAAAAAAAAAK/////wABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uNpg==")},
	{"ASP.NET's with a byte less", TEXT("AQAAAAAAAAAKAAAAEAABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uN")},
	{"ASP.NET's with a byte more", TEXT("AQAAAAAAAAAKAAAAEAABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uNpgA=")},
	{"ASP.NET's without padding", TEXT("AQAAAAAAAAAKAAAAEAABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uNpg")},
	{"ASP.NET's with spare bits", TEXT("AQAAAAAAAAAKAAAAEAABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uNph==")},
	{"ASP.NET's with a part behind", TEXT("AQAAAAAAAAAKAAAAEAABAgMEBQYHCAkKCwwNDg8gd0vBxW1UqQKWXvPM+7i7jIcTreh8m//mVNwF/+uNpg==$")},
};

static bool
is_hash(Span text)
{
	PasswordHash hash;

	return hash_parse(text, &hash);
}

/* Return the verdict on a password. */
static Verdict
verify(const PasswordHash *hash, const char *password, size_t size)
{
	static HashScratch scratch;

	return hash_verify(hash, (Span) {password, size}, &scratch);
}

/* Check a hash of a known password. */
static void
check_good(Span text, const char *password, uint32_t memory, uint32_t iterations)
{
	PasswordHash hash = {0};
	size_t		size = strlen(password);

	is_int(verdict(is_hash, text), 1, "hash %s", show(text));
	(void) hash_parse(text, &hash);
	ok(hash.memory == memory && hash.iterations == iterations,
	   "... costs %" PRIu32 " KiB, %" PRIu32, hash.memory, hash.iterations);
	ok(verify(&hash, password, size) == PASSWORD_RIGHT, "... its password");
	ok(verify(&hash, password, size - 1) == PASSWORD_WRONG, "... another");
}

/* Return how many proper beginnings of a hash are taken for one. */
static int
accepted_beginnings(Span text)
{
	int			accepted = 0;

	for (size_t size = 0; size < text.size; size++)
		accepted += verdict(is_hash, (Span) {text.data, size}) != 0;
	return accepted;
}

/* Tell whether verifying is a matter of a millisecond. */
static bool
is_cheap(const PasswordHash *hash)
{
	return hash->memory <= 1024 && hash->iterations <= (hash->form->unit == COST_BCRYPT ? 5 : 2000);
}

/* Tell whether a byte does not count in bcrypt: the letter of its version, the last of the salt. */
static bool
is_ignored(const PasswordHash *hash, const char *byte)
{
	size_t		position = byte - hash->text.data;

	return hash->form->unit == COST_BCRYPT && (position == 2 || position == 28);
}

/*
 * Return how many texts that differ from a hash in one byte, and are still
 * read, verify its password, or cannot be computed; some of them, at random.
 */
static int
misjudged_neighbours(Span text, const char *password)
{
	char	   *copy = (char *) exact_copy(text).data;
	int			wrong = 0;

	for (int tried = 0; tried < 1500; tried++)
	{
		size_t		i = random_below(text.size);
		PasswordHash hash;

		copy[i] = next_random() >> 40;
		if (copy[i] != text.data[i] && hash_parse((Span) {copy, text.size}, &hash) && is_cheap(&hash) &&
			!is_ignored(&hash, &copy[i]) && verify(&hash, password, strlen(password)) != PASSWORD_WRONG && wrong++ == 0)
			diag("  \"%s\"", show((Span) {copy, text.size}));
		copy[i] = text.data[i];
	}
	free(copy);
	return wrong;
}

/* Check hashes of the known password that do not say how long they are. */
static void
check_open_ended(void)
{
	for (size_t i = 0; i < lengthof(open_ended); i++)
	{
		PasswordHash hash = {0};
		bool		parsed = hash_parse(open_ended[i], &hash);

		ok(parsed && verify(&hash, ANSWER, strlen(ANSWER)) == PASSWORD_RIGHT, "%s", show(open_ended[i]));
		ok(parsed && verify(&hash, ANSWER, strlen(ANSWER) - 1) == PASSWORD_WRONG, "... no other password");
		ok(parsed && !hash_is_ours(&hash), "... not ours");
	}
}

/* Check as what a password is hashed: as it is typed, but for our own form and better-auth's. */
static void
check_spelling(void)
{
	for (size_t i = 0; i < lengthof(good); i++)
	{
		PasswordHash hash = {0};
		bool		is_ours = i == 0;
		bool		is_better_auth = good[i].memory == 32774;

		(void) hash_parse(good[i].text, &hash);
		ok(hash.spelling == (is_ours ? SPELLING_NFC : is_better_auth ? SPELLING_NFKC : SPELLING_TYPED) &&
		   hash_is_ours(&hash) == is_ours, "spelling: %.20s", good[i].text.data);
	}
}

/* Threads that somebody has tried to start. */
static int	threads = 0;

/* Start none, in the place of the C library's: a backend must not have any. */
int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run) (void *), void *argument)
{
	(void) thread, (void) attributes, (void) run, (void) argument;
	threads++;
	return EAGAIN;
}

/* Check what bcrypt looks at, and what crypt(3) takes. */
static void
check_long(void)
{
	PasswordHash bcrypt;
	PasswordHash shacrypt;
	PasswordHash longest;
	PasswordHash longer;
	PasswordHash prehashed;
	char		password[1024];

	for (size_t i = 0; i < sizeof(password); i++)
		password[i] = "a long password "[i % 16];
	ok(hash_parse((Span) TEXT("$2b$04$1JLtzx2bPnwqqT.u1j73g.3BSQaA4Uz/fycg/Y/xl0.gdK.3zGpE2"), &bcrypt) &&
	   hash_parse((Span) TEXT("$6$rounds=1000$a$" SHA512CRYPT_TAG), &shacrypt) &&
	   hash_parse((Span) TEXT("$5$rounds=1000$saltsalt$bRYuz9K4BhQEQbmCXjpA4vTGuCZt.f5j8QY3MmQOL28"), &longest) &&
	   hash_parse((Span) TEXT("$5$rounds=1000$saltsalt$eGLv3rEQgivHCVNADLvLjJbRfsmxdzI9Q5NoG4fP47/"), &longer), "some hashes");
	ok(verify(&bcrypt, password, 80) == PASSWORD_RIGHT, "bcrypt: a password of 80 bytes");
	ok(verify(&bcrypt, password, 72) == PASSWORD_RIGHT, "... 72 of which count");
	ok(verify(&bcrypt, password, 71) == PASSWORD_WRONG, "... not 71");
	ok(verify(&bcrypt, password, sizeof(password)) == PASSWORD_RIGHT, "... however many there are");
	ok(hash_parse((Span) TEXT("bcrypt_sha256$$2b$04$0ClAfZoPnFv08Ldf7sEQtOetw1eTtKNdc4T8IBr7hRWD1QF9tVI.6"), &prehashed) &&
	   verify(&prehashed, password, 160) == PASSWORD_RIGHT, "Django's prehashed bcrypt: all of 160 bytes count");
	ok(verify(&prehashed, password, 159) == PASSWORD_WRONG, "... not 159");
	ok(verify(&longest, password, 128) == PASSWORD_RIGHT, "sha-crypt: a password of 128 bytes");
	ok(verify(&longer, password, 129) == PASSWORD_WRONG, "... none of 129");
	ok(verify(&shacrypt, password, 512) == PASSWORD_WRONG, "... 512 are wrong, not an error");
	ok(verify(&shacrypt, ANSWER "\0more", sizeof(ANSWER) + 4) == PASSWORD_WRONG, "... so is what has NUL in it");
	ok(verify(&shacrypt, "", 0) == PASSWORD_WRONG, "... and nothing");
}

int
main(void)
{
	plan(7 * lengthof(good) + 3 * lengthof(open_ended) + 2 * lengthof(dear) + lengthof(bad) + 1 + 12 + 1);
	if (sodium_init() < 0)
		abort();
	for (size_t i = 0; i < lengthof(good); i++)
	{
		check_good(good[i].text, good[i].password, good[i].memory, good[i].iterations);
		is_int(accepted_beginnings(good[i].text), 0, "... no beginning of it");
		is_int(misjudged_neighbours(good[i].text, good[i].password), 0, "... no other byte");
	}
	for (size_t i = 0; i < lengthof(dear); i++)
	{
		PasswordHash hash = {0};

		is_int(verdict(is_hash, dear[i].text), 1, "%s", dear[i].what);
		(void) hash_parse(dear[i].text, &hash);
		ok(hash.memory == dear[i].memory &&
		   hash.iterations == dear[i].iterations, "... costs %" PRIu32 " KiB, %" PRIu32, hash.memory, hash.iterations);
	}
	for (size_t i = 0; i < lengthof(bad); i++)
		is_int(verdict(is_hash, bad[i].text), 0, "refused: %s", bad[i].what);
	ok(!is_hash((Span) {NULL, 0}), "no text");
	check_open_ended();
	check_spelling();
	check_long();
	is_int(threads, 0, "no thread was started");
	return tap_status();
}
