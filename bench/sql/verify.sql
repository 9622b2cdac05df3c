-- All tokens of an algorithm in one statement.
SELECT count(arsignup.verify_login_token(token)) FROM bench.login_tokens WHERE alg = :alg;
