-- Passwords. What hashes costs some milliseconds: COST keeps the planner from
-- trying it before cheaper conditions.

CREATE OR REPLACE FUNCTION arsignup.hash_password(password arsignup.secret)
RETURNS text
LANGUAGE c VOLATILE COST 100000
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_hash_password';

COMMENT ON FUNCTION arsignup.hash_password(arsignup.secret) IS
'Hashes a password with argon2id at the cost of arsignup.argon2_memory and arsignup.argon2_iterations; returns a PHC string. Takes 1 to 1,024 bytes after Unicode normalisation (NFC). Waits for the hash gate. Errors: SU001 password null, empty or too long; SU007 too busy; 53200 out of memory.';

CREATE OR REPLACE FUNCTION arsignup.verify_password(password arsignup.secret, password_hash arsignup.secret)
RETURNS boolean
LANGUAGE c VOLATILE COST 100000
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_verify_password';

COMMENT ON FUNCTION arsignup.verify_password(arsignup.secret, arsignup.secret) IS
'Tells whether this is the password of a hash; compares in constant time, never returns null. Forms of hashes: argon2id, bcrypt ($2a$, $2b$, $2y$), scrypt (of libsodium, passlib, Django, Werkzeug, Spring and better-auth), yescrypt ($y$), sha256crypt ($5$), sha512crypt ($6$), PBKDF2 with SHA-1, SHA-256 or SHA-512 (of Django, Werkzeug, passlib and ASP.NET Core Identity, and the PHC form); argon2id and bcrypt also with the labels of Django and Spring. Waits for the hash gate. Errors: SU001 an argument is null, the hash has an unknown form, or costs more than the settings arsignup.argon2_memory_max, argon2_iterations_max, bcrypt_cost_max and sha2_iterations_max allow; SU007 too busy; 53200 out of memory.';

CREATE OR REPLACE FUNCTION arsignup.password_needs_rehash(password_hash arsignup.secret)
RETURNS boolean
LANGUAGE c STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_password_needs_rehash';

COMMENT ON FUNCTION arsignup.password_needs_rehash(arsignup.secret) IS
'Tells whether a hash is weaker than one made now, or of another form than argon2id; a login with the right password then replaces it. Null for null.';

CREATE OR REPLACE FUNCTION arsignup.password_strength(
	password arsignup.secret,
	related text[] DEFAULT '{}',
	OUT score int,
	OUT crack_seconds float8
)
LANGUAGE c VOLATILE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'arsignup_password_strength';

COMMENT ON FUNCTION arsignup.password_strength(arsignup.secret, text[]) IS
'Estimates how hard a password is to guess, by libzxcvbn: score is 0 (at once) to 4 (very hard), crack_seconds the time that a hundred machines with a stolen slow hash would take. related: names that somebody who knows the person would try. Call it in FROM, or take the row whole: (password_strength(...)).* would run it once for each column. Errors: SU001 password null, empty or too long.';
