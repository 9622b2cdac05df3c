-- A signup with a password that is hashed, in the mode of the app.
\set n random(1, 1000000000000000)
SELECT user_id, token FROM arsignup.signup(:users, 'u' || :n || '@example.com', :password);
