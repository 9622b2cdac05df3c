-- Tokens with the same claims, by pgjwt's way.
SELECT count(*) FILTER (WHERE verified.valid) FROM bench.pgjwt_tokens, pgjwt.verify(token, 'a secret of thirty-two bytes, so', 'HS256') AS verified;
