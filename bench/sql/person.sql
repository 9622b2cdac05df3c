-- Who the person with a number is. Numbers below 10^8 are users' that bench/generate makes.

CREATE SCHEMA IF NOT EXISTS bench;
GRANT USAGE ON SCHEMA bench TO PUBLIC;

CREATE FUNCTION bench.first_name(number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT ('{Ada,Alan,Amara,Anna,Ben,Bruno,Carla,Chen,Clara,Daniel,Diego,Edith,Elif,Emil,Fatima,Felix,Grace,Hana,Hugo,Ines,Ivan,Jana,Jonas,Julia,Kofi,Lea,Leo,Lin,Lucas,Maria,Mia,Milan,Nina,Noah,Olga,Omar,Paul,Petra,Rosa,Samir,Sofia,Thomas,Uma,Victor,Wanda,Yusuf,Zoe}'::text[])[1 + number % 47]
$$;
CREATE FUNCTION bench.last_name(number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT ('{Adler,Baker,Becker,Costa,Diaz,Fischer,Garcia,Haddad,Hoffmann,Ito,Jansen,Khan,Kim,Kowalski,Larsen,Lopez,Martin,Meyer,Moreau,Nguyen,Novak,Okafor,Patel,Petrov,Rossi,Sato,Schmidt,Silva,Singh,Smith,Tanaka,Wagner,Weber,Yilmaz,Zhang}'::text[])[1 + number / 47 % 35]
$$;
CREATE FUNCTION bench.email(number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT lower(bench.first_name(number)) || '.' || number || '@' || ('{mail,post,home,work}'::text[])[1 + number % 4] || '.test'
$$;
CREATE FUNCTION bench.org_name(number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT bench.last_name(number) || ' ' || number
$$;

-- The number of the user who was made as the n-th: they come in no order.
CREATE FUNCTION bench.number(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT n * 7919337 % 99999989';
