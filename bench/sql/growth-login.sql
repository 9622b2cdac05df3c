-- What a login looks up: an empty password is held against no hash.
\set n random(1, :size)
SELECT ok FROM arsignup.authenticate(:realm, bench.email(bench.number(:n)), '');
